"""Dense prediction as section 3 discusses it."""
