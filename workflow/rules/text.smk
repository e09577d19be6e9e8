"""Source → text → vocabulary → n-grams → Zipf exponents, n-gram models; known truths."""

from dataclasses import asdict

from rnnbench.study import lengths

VOCAB = "results/vocab/corpus={corpus}/token={token}"
CHARACTERS = VOCAB.replace("{token}", "char")
TIMED_TEXT = CHARACTERS.format(corpus=study.timing_corpus)
NGRAMS = "results/ngrams/corpus={corpus}/token={token}/order={order}"
ZIPF = "results/zipf/corpus={corpus}/token={token}/order={order}"
NGRAM_LM = "results/ngram_lm/corpus={corpus}/token={token}/smoothing={smoothing}"
TEXTS = {"corpus": study["corpora"], "token": study["ngrams"]["tokens"]}
ORDERS = {**TEXTS, "order": study["ngrams"]["orders"]}

DEMANDS = lengths.demands(study)
MEASURED = sorted({(demand.corpus, demand.token) for demand in DEMANDS})

PARTS["corpora"] = expand("results/corpus/{corpus}.json", corpus=study["corpora"])
PARTS["vocab"] = expand(f"{VOCAB}/vocab.csv", **TEXTS)
PARTS["ngrams"] = expand(f"{NGRAMS}/ngrams.csv", **ORDERS)
PARTS["top_ngrams"] = expand(f"{NGRAMS}/top_ngrams.csv", **ORDERS)
PARTS["rank_frequency"] = expand(f"{NGRAMS}/rank_frequency.csv", **ORDERS)
PARTS["zipf"] = study.made("zipf", expand(f"{ZIPF}/zipf.csv", **ORDERS))
PARTS["ngram_lm"] = expand(
    f"{NGRAM_LM}/ngram_lm.csv",
    corpus=study["corpora"],
    token=[token for token, orders in study["ngram_lm"]["orders"].items() if orders],
    smoothing=study["ngram_lm"]["smoothings"],
)

PARTS["floor"] = expand("results/truth/corpus={corpus}/floor.json", corpus=study.known)
PARTS["predictors"] = expand("results/truth/corpus={corpus}/predictors.csv", corpus=study.known)


scattergather:
    shard=study["ngrams"]["shards"],


rule corpus:
    """Download, read or generate a text, check its hash, and clean it."""
    output:
        text="results/corpus/{corpus}.txt",
        record="results/corpus/{corpus}.json",
    log:
        "results/logs/corpus/{corpus}.log",
    priority: 2
    conda:
        "../../environment.yml"
    params:
        own_texts=study.own_texts,
        reads=study.own_file,
        content=study.own_content,
        source=sources("corpus"),
    script:
        "../scripts/text/corpus.py"


rule vocab:
    """Number the words or characters of a text."""
    input:
        text=rules.corpus.output.text,
        record=rules.corpus.output.record,
    output:
        vocab=f"{VOCAB}/vocab.json",
        ids=f"{VOCAB}/tokens.npy",
        table=f"{VOCAB}/vocab.csv",
    log:
        "results/logs/vocab/corpus={corpus}/token={token}.log",
    priority: 2
    conda:
        "../../environment.yml"
    params:
        source=sources("vocab"),
    script:
        "../scripts/text/vocab.py"


rule lengths:
    """Hold every text against what is asked of its length; planning knows those on disk."""
    input:
        [f"{VOCAB}/vocab.csv".format(corpus=c, token=t) for c, t in MEASURED],
    output:
        "results/lengths/lengths.csv",
    log:
        "results/logs/lengths.log",
    priority: 2
    retries: 0
    conda:
        "../../environment.yml"
    params:
        asked=[asdict(demand) for demand in DEMANDS],
        source=sources("lengths"),
    script:
        "../scripts/study/lengths.py"


rule count:
    """Count the n-grams that start in one shard of a text."""
    input:
        vocab=rules.vocab.output.vocab,
        ids=rules.vocab.output.ids,
    output:
        temp(f"{NGRAMS}/shards/{{scatteritem}}.npy"),
    log:
        "results/logs/count/corpus={corpus}/token={token}/order={order}/{scatteritem}.log",
    conda:
        "../../environment.yml"
    params:
        source=sources("count"),
    script:
        "../scripts/text/count.py"


rule ngrams:
    """Add the shards of one order up."""
    input:
        vocab=rules.vocab.output.vocab,
        shards=gather.shard(f"{NGRAMS}/shards/{{scatteritem}}.npy", allow_missing=True),
    output:
        table=f"{NGRAMS}/ngrams.csv",
        top=f"{NGRAMS}/top_ngrams.csv",
        rank_frequency=f"{NGRAMS}/rank_frequency.csv",
    log:
        "results/logs/ngrams/corpus={corpus}/token={token}/order={order}.log",
    conda:
        "../../environment.yml"
    params:
        top=study["ngrams"]["top"],
        source=sources("ngrams"),
    script:
        "../scripts/text/ngrams.py"


rule zipf:
    """Estimate the exponents of one rank-frequency curve, with intervals."""
    input:
        vocab=rules.vocab.output.vocab,
        ids=rules.vocab.output.ids,
    output:
        f"{ZIPF}/zipf.csv",
    log:
        "results/logs/zipf/corpus={corpus}/token={token}/order={order}.log",
    conda:
        "../../environment.yml"
    params:
        **study["zipf"],
        source=sources("zipf"),
    script:
        "../scripts/text/zipf.py"


rule ngram_lm:
    """Train n-gram language models and score both parts of the text."""
    input:
        text=rules.corpus.output.text,
        record=rules.corpus.output.record,
    output:
        f"{NGRAM_LM}/ngram_lm.csv",
    log:
        "results/logs/ngram_lm/corpus={corpus}/token={token}/smoothing={smoothing}.log",
    priority: 2
    conda:
        "../../environment.yml"
    resources:
        mem_mb=estimate.ngram_mb,
    params:
        **study["ngram_lm"],
        min_freq=study["vocab"]["min_freq"],
        validation_share=study["runs"]["validation_share"],
        heldout_share=study["runs"]["heldout_share"],
        run_tokens=study["runs"]["train_tokens"],
        run_token=study["runs"]["token"],
        source=sources("ngram_lm"),
    script:
        "../scripts/text/ngram_lm.py"


rule truth:
    """Compute what no honest model can pass, for a text whose source is known."""
    input:
        text=rules.corpus.output.text,
        record=rules.corpus.output.record,
    output:
        floor="results/truth/corpus={corpus}/floor.json",
        predictors="results/truth/corpus={corpus}/predictors.csv",
    log:
        "results/logs/truth/{corpus}.log",
    priority: 2
    conda:
        "../../environment.yml"
    params:
        word_orders=study["ngram_lm"]["orders"].get("word", []),
        char_orders=study["ngram_lm"]["orders"].get("char", []),
        heldout_share=study["runs"]["heldout_share"],
        source=sources("truth"),
    script:
        "../scripts/text/truth.py"
