//! The table of functions: name, arguments, and the call into the statistics.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Function;
use super::calls;

macro_rules! functions {
    ($($name:literal $(| $alias:literal)* => $run:ident($($argument:literal),*) $summary:literal;)*) => {
        /// Every function.
        pub(super) const FUNCTIONS: &[Function] = &[$(Function {
            name: $name,
            aliases: &[$($alias),*],
            arguments: &[$($argument),*],
            summary: $summary,
            run: |value| calls::$run(&arguments(value)?),
        }),*];
    };
}

functions! {
    "proportion" | "wilson" => proportion("k", "n", "[level]")
        "A share with its Wilson and Clopper–Pearson intervals";
    "confusion" => confusion("tp", "fp", "fn", "tn", "[level]")
        "What a 2×2 table of label against reference says";
    "cluster" => cluster("y", "m", "[level]")
        "A share when studies cluster in patients";
    "cluster_bootstrap" => cluster_bootstrap("y", "m", "[reps]", "[seed]", "[level]")
        "Patient bootstrap of a share";
    "stratified" => stratified("strata", "[reps]", "[seed]", "[level]")
        "Dataset-level quality from a label-stratified sample";
    "mcnemar" => mcnemar("a", "b", "c", "d", "[level]")
        "Two paired decisions";
    "two_proportions" | "fisher" | "newcombe" => two_proportions("k1", "n1", "k2", "n2", "[level]")
        "Two independent shares";
    "adjust" => adjust("p")
        "Holm and Benjamini–Hochberg adjusted p-values";
    "kappa" => kappa("table", "[weights]", "[level]")
        "Cohen's kappa of a square table";
    "two_rater" => two_rater("table", "[ordinal]", "[level]")
        "Everything two raters' table says";
    "fleiss" => fleiss("counts", "[weights]", "[level]")
        "Fleiss' kappa from counts per subject and category";
    "gwet" => gwet("counts", "[weights]", "[level]")
        "Gwet's AC1; AC2 with weights";
    "bp" => brennan_prediger("counts", "[weights]", "[level]")
        "Brennan–Prediger coefficient";
    "alpha" => krippendorff("counts", "[metric]", "[reps]", "[seed]", "[categories]", "[level]")
        "Krippendorff's alpha";
    "delong" => delong("y", "scores", "[level]")
        "Areas under the ROC curve and their paired difference";
    "roc" => roc("y", "score", "[threshold]", "[level]", "[max_fpr]")
        "ROC analysis of one score; with max_fpr its partial area";
    "dawid_skene" => dawid_skene("ratings", "[categories]")
        "Dawid–Skene latent classes";
    "trend" => trend("k", "n", "[w]")
        "Cochran–Armitage trend";
    "logistic" => logistic("x", "y")
        "Logistic slope";
    "drift" => drift("pos", "y", "[blocks]", "[level]")
        "Does a rate move along the reading order";
    "n_proportion" => n_proportion("p", "half_width", "[N]", "[deff]", "[level]")
        "Studies for a share of wanted precision";
    "n_kappa_precision" => n_kappa_precision("kappa", "prevalence", "half_width", "[level]")
        "Studies for a kappa of wanted precision";
    "n_kappa_test" => n_kappa_test("kappa0", "kappa1", "prevalence", "[power]", "[alpha]")
        "Studies to tell one kappa from another";
    "bootstrap_kappa" => bootstrap_kappa("x", "y", "[reps]", "[seed]", "[categories]", "[weights]", "[level]")
        "Bootstrap of Cohen's kappa";
    "rng" => rng("seed", "count", "[n]")
        "The portable random stream";
    "majority" => majority("ratings", "[tie]", "[quorum]", "[categories]")
        "Plurality of several readers";
    "sequence" => sequence("k", "n", "[alpha]")
        "The confidence sequence, valid at every look";
    "repeat_studies" => repeat_studies("per_patient")
        "How studies gather on patients";
}

fn arguments<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| {
        // In words, not in the names of types.
        let words = [
            ("invalid type: ", ""),
            (", expected u64", " is no whole number"),
            (", expected f64", " is no number"),
        ];
        words.iter().fold(error.to_string(), |text, (from, to)| text.replace(from, to))
    })
}
