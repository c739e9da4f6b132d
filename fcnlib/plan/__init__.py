"""What a run consists of: targets, file names, and what each rule is handed."""
