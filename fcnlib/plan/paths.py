"""The names of all files of a run."""

from dataclasses import dataclass

from fcnlib.config.schema_resources import RuleName

# In a file name where a rule makes the file of any experiment, seed, table, ...
EXPERIMENT, SEED, TABLE, FIGURE = "{experiment}", "{seed}", "{table}", "{figure}"
ARCHIVE, BACKBONE, DATASET = "{archive}", "{backbone}", "{dataset}"
CONFIGURATION = "config.json"  # of a run, in its results


@dataclass(frozen=True)
class RunPaths:
    """The file names of one scale; what is not given stays one of Snakemake's wildcards."""

    scale: str

    @property
    def data(self) -> str:
        """The folder of archives, prepared data sets and starting weights."""
        return f"data/{self.scale}"

    @property
    def results(self) -> str:
        """The folder of checkpoints, measurements and the report."""
        return f"results/{self.scale}"

    # Data.

    def archive(self, name: str = ARCHIVE) -> str:
        return f"{self.data}/archives/{name}"

    def verified(self, archive: str = ARCHIVE) -> str:
        """What was found when an archive was compared with the published file."""
        return f"{self.data}/verified/{archive}.json"

    def starting_weights(self, backbone: str = BACKBONE) -> str:
        return f"{self.data}/weights/{backbone}.pt"

    def dataset_folder(self, name: str = DATASET) -> str:
        return f"{self.data}/{name}"

    def dataset(self, name: str = DATASET) -> str:
        """The file that marks a data set as prepared."""
        return f"{self.dataset_folder(name)}/dataset.json"

    def hha(self, dataset: str = DATASET) -> str:
        """The file that marks a data set's HHA as complete."""
        return f"{self.dataset_folder(dataset)}/hha.json"

    def data_log(self, rule: str, name: str = "") -> str:
        return f"{self.data}/logs/{rule}{f'-{name}' if name else ''}.log"

    def data_benchmark(self, rule: RuleName, name: str = "") -> str:
        return f"{self.data}/benchmarks/{rule}{f'/{name}' if name else ''}.tsv"

    # Runs: an experiment with a seed.

    @property
    def checkpoints(self) -> str:
        """The folder of all nets, released ones and what resumes a training among them."""
        return f"{self.results}/checkpoints"

    def checkpoint(self, experiment: str = EXPERIMENT, seed: int | str = SEED) -> str:
        return f"{self.checkpoints}/{experiment}/{seed}.pt"

    def released_file(
        self, file: str = "{file}", experiment: str = EXPERIMENT, seed: int | str = SEED
    ) -> str:
        """A net of ours in the format and under the name of a released one."""
        return f"{self.checkpoints}/{experiment}/{seed}/{file}"

    def curve(self, experiment: str = EXPERIMENT, seed: int | str = SEED) -> str:
        return f"{self.results}/curves/{experiment}/{seed}.csv"

    def model(self, experiment: str = EXPERIMENT, seed: int | str = SEED) -> str:
        """A net as TorchScript."""
        return f"{self.results}/models/{experiment}/{seed}.ts"

    def metrics(self, experiment: str = EXPERIMENT, seed: int | str = SEED) -> str:
        return f"{self.results}/metrics/{experiment}/{seed}.json"

    def counts(self, experiment: str = EXPERIMENT, seed: int | str = SEED) -> str:
        """Confusion counts of every test image."""
        return f"{self.results}/metrics/{experiment}/{seed}.npz"

    def submission(self, experiment: str = EXPERIMENT, seed: int | str = SEED) -> str:
        """An archive for PASCAL's evaluation server."""
        return f"{self.results}/submissions/{experiment}/{seed}.tgz"

    def run_log(self, rule: str, experiment: str = EXPERIMENT, seed: int | str = SEED) -> str:
        return f"{self.results}/logs/{rule}/{experiment}/{seed}.log"

    def run_benchmark(
        self, rule: RuleName, experiment: str = EXPERIMENT, seed: int | str = SEED
    ) -> str:
        return f"{self.results}/benchmarks/{rule}/{experiment}/{seed}.tsv"

    # Tables and figures.

    def table_csv(self, table: str = TABLE) -> str:
        return f"{self.results}/tables/{table}.csv"

    def table_markdown(self, table: str = TABLE) -> str:
        return f"{self.results}/tables/{table}.md"

    def table_latex(self, table: str = TABLE) -> str:
        return f"{self.results}/tables/{table}.tex"

    def picture(self, kind: str, name: str, suffix: str = ".svg") -> str:
        return f"{self.results}/figures/{kind}/{name}{suffix}"

    def figure_info(self, kind: str, name: str) -> str:
        """What describes a picture: title, legend, text instead of it."""
        return f"{self.results}/figures/{kind}/{name}.json"

    def image_set(self, table: str = TABLE) -> str:
        """Test images of a table with the labels of its nets, for the page."""
        return f"{self.results}/figures/images/{table}.json"

    def log(self, rule: str, name: str = "") -> str:
        return f"{self.results}/logs/{rule}{f'/{name}' if name else ''}.log"

    def benchmark(self, rule: RuleName, name: str) -> str:
        return f"{self.results}/benchmarks/{rule}/{name}.tsv"

    # The whole run.

    def scores(self, experiment: str = EXPERIMENT) -> str:
        """What `dvc metrics` compares."""
        return f"{self.results}/scores/{experiment}.json"

    @property
    def results_csv(self) -> str:
        return f"{self.results}/results.csv"

    @property
    def claims(self) -> str:
        return f"{self.results}/claims.json"

    @property
    def estimate(self) -> str:
        """What `fcn estimate --save` expected of the run."""
        return f"{self.results}/estimate.json"

    @property
    def configuration(self) -> str:
        return f"{self.results}/{CONFIGURATION}"

    @property
    def page(self) -> str:
        return f"{self.results}/index.html"

    @property
    def report(self) -> str:
        """Snakemake's own."""
        return f"{self.results}/report.html"

    @property
    def times(self) -> str:
        return f"{self.results}/times.md"

    @property
    def rehearsal(self) -> str:
        """What a rehearsal found; its JSON, for the page, lies beside it."""
        return f"{self.results}/rehearsal.md"

    @property
    def rehearsal_json(self) -> str:
        return f"{self.results}/rehearsal.json"
