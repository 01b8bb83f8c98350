namespace DemEngine.Evaluation.Tests;

/// <summary>What lm-evaluation-harness prints and writes, in its own layout.</summary>
public class HarnessOutputTests
{
    private const string Gsm8k = """
        2026-01-02:10:11:12 INFO     [evaluator:574] Running generate_until requests
        vllm (pretrained=/models/a,dtype=auto), gen_kwargs: (None), limit: None, num_fewshot: 5, batch_size: auto
        |Tasks|Version|     Filter     |n-shot|  Metric   |   |Value |   |Stderr|
        |-----|------:|----------------|-----:|-----------|---|-----:|---|-----:|
        |gsm8k|      3|flexible-extract|     5|exact_match|↑  |0.3510|±  |0.0131|
        |     |       |strict-match    |     5|exact_match|↑  |0.3472|±  |0.0131|

        """;

    private const string Mixed = """
        |    Tasks     |Version|Filter|n-shot|    Metric     |   | Value |   |Stderr|
        |--------------|------:|------|-----:|---------------|---|------:|---|------|
        |arc_easy      |      1|none  |     0|acc            |↑  | 0.4360|±  |0.0102|
        |              |       |none  |     0|acc_norm       |↑  | 0.3948|±  |0.0100|
        |lambada_openai|      1|none  |     0|acc            |↑  | 0.3256|±  |0.0065|
        |              |       |none  |     0|perplexity     |↓  |40.0554|±  |1.4881|
        |wikitext      |      2|none  |     0|bits_per_byte  |↓  | 0.9869|±  |   N/A|
        |              |       |none  |     0|byte_perplexity|↓  | 1.9818|±  |   N/A|
        """;

    private const string Mmlu = """
        |      Tasks      |Version|Filter|n-shot|Metric|   |Value |   |Stderr|
        |-----------------|------:|------|-----:|------|---|-----:|---|-----:|
        |mmlu             |      2|none  |      |acc   |↑  |0.2500|±  |0.0100|
        | - humanities    |      2|none  |      |acc   |↑  |0.2000|±  |0.0200|
        |  - formal_logic |      1|none  |     0|acc   |↑  |0.1000|±  |0.0300|
        | - stem          |      2|none  |      |acc   |↑  |0.3000|±  |0.0200|
        |winogrande       |      1|none  |     0|acc   |↑  |0.5000|±  |0.0140|

        |     Groups      |Version|Filter|n-shot|Metric|   |Value |   |Stderr|
        |-----------------|------:|------|-----:|------|---|-----:|---|-----:|
        |mmlu             |      2|none  |      |acc   |↑  |0.2500|±  |0.0100|
        | - humanities    |      2|none  |      |acc   |↑  |0.2000|±  |0.0200|
        | - stem          |      2|none  |      |acc   |↑  |0.3000|±  |0.0200|
        """;

    private const string Json = """
        {
          "results": {
            "gsm8k": {
              "alias": "gsm8k", "sample_len": 1319, "exact_match,strict-match": 0.3472, "exact_match_stderr,strict-match": 0.0131,
              "exact_match,flexible-extract": 0.351, "exact_match_stderr,flexible-extract": 0.0131
            },
            "wikitext": {"alias": "wikitext", "odd_measure,none": 9.5, "odd_measure_stderr,none": "N/A"},
            "mmlu": {"acc,none": 0.25, "acc_stderr,none": 0.01, "alias": "mmlu"},
            "mmlu_formal_logic": {"alias": "  - formal_logic", "acc,none": 0.1, "acc_stderr,none": NaN}
          },
          "group_subtasks": {"mmlu": ["mmlu_formal_logic"], "gsm8k": []},
          "higher_is_better": {"gsm8k": {"exact_match": true}, "wikitext": {"odd_measure": false}, "mmlu": {"acc": true}},
          "n-shot": {"gsm8k": 5}
        }
        """;

    [TestCase("exact_match,strict-match", "gsm8k=0.3472")]
    [TestCase("gsm8k/exact_match,strict-match", "gsm8k=0.3472")]
    [TestCase("exact-match,flexible_extract", "gsm8k=0.351")]
    public void A_filter_chooses_between_rows_of_one_task(string metric, string expected)
    {
        Assert.That(Take(Gsm8k, metric), Is.EqualTo(expected));
        Assert.That(Take(Json, metric), Is.EqualTo(expected));
    }

    [TestCase("acc", "arc_easy=0.436 lambada_openai=0.3256")]
    [TestCase("acc,none", "arc_easy=0.436 lambada_openai=0.3256")]
    [TestCase("arc_easy/acc", "arc_easy=0.436")]
    [TestCase("acc_norm", "arc_easy=0.3948")]
    [TestCase("lambada_openai/perplexity", "lambada_openai=40.0554")]
    [TestCase("bits_per_byte", "wikitext=0.9869")]
    public void A_metric_is_taken_from_every_task_that_has_it(string metric, string expected) =>
        Assert.That(Take(Mixed, metric), Is.EqualTo(expected));

    [Test]
    public void A_group_counts_in_place_of_its_tasks()
    {
        Assert.That(Take(Mmlu, "acc"), Is.EqualTo("mmlu=0.25 winogrande=0.5"));
        Assert.That(Take(Mmlu, "score"), Is.EqualTo("mmlu=0.25 winogrande=0.5"), "it is the only metric");
        Assert.That(Take(Mmlu, "formal_logic/acc"), Is.EqualTo("formal_logic=0.1"));
        Assert.That(Take(Json, "acc"), Is.EqualTo("mmlu=0.25"));
        Assert.That(Take(Json, "mmlu_formal_logic/acc"), Is.EqualTo("mmlu_formal_logic=0.1"));
    }

    [Test]
    public void What_is_better_is_said_by_the_arrow_or_the_file_or_the_name()
    {
        bool Higher(string output, string metric) => CommandOutput.Read(output, [Metric.Parse(metric)])[0].Metric.HigherIsBetter;
        Assert.That(Higher(Mixed, "acc"), Is.True);
        Assert.That(Higher(Mixed, "byte_perplexity"), Is.False);
        Assert.That(Higher(Json, "odd_measure"), Is.False);
        Assert.That(Higher("odd_measure: 1", "odd_measure"), Is.True);
        Assert.That(Higher("eval/word_perplexity: 1", "eval/word_perplexity"), Is.False);
        Assert.That(Higher(Mixed, "acc:lower"), Is.False, "the user's word is above all");
        Assert.That(Higher(Json, "odd_measure:higher"), Is.True);
    }

    [TestCase(Gsm8k, "score", "strict-match 0.3472 ± 0.0131")]
    [TestCase(Gsm8k, "exact_match", "exact_match,flexible-extract or exact_match,strict-match")]
    [TestCase(Gsm8k, "acc", "gsm8k/exact_match,strict-match 0.3472 ± 0.0131")]
    [TestCase(Mixed, "score", "wikitext/byte_perplexity,none 1.9818")]
    [TestCase(Json, "score", "wikitext/odd_measure,none 9.5")]
    [TestCase("acc: 0.5\nf1: 0.4\n", "score", "acc 0.5\"; \"f1 0.4")]
    [TestCase("""{"acc": 0.5, "f1": 0.4}""", "em", "there is no \"em\" in its output")]
    [TestCase("accuracy 0.71 (stderr 0.0131)\n", "score", "need not be the metric")]
    public void An_unclear_choice_is_an_error_that_lists_what_there_is(string output, string metric, string expected)
    {
        var error = Assert.Throws<DemException>(() => CommandOutput.Read(output, [Metric.Parse(metric)]))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.MetricUnclear));
        Assert.That(error.Message, Does.Contain(expected));
    }

    [TestCase(Gsm8k)]
    [TestCase(Mixed)]
    [TestCase(Mmlu)]
    [TestCase(Json)]
    public void All_metrics_are_listed_and_no_standard_error_is_one(string output)
    {
        Score[] all = [.. CommandOutput.Read(output, [])];
        Assert.That(all, Has.Length.GreaterThan(1));
        Assert.That(all.Select(score => score.Metric.Name), Has.None.Contains("stderr").And.None.EqualTo("sample_len"));
        Assert.That(all.Select(score => score.Value), Has.None.EqualTo(0.0131));
        Assert.That(all.Any(score => score.StandardError > 0));
        Assert.That(all.Select(score => (score.Set, score.Metric.Name)), Is.Unique);
    }

    [TestCase("acc: 0.5", "all=0.5")]
    [TestCase("loading\nseed = 7 models\nacc = 0.1\nacc = 0.75 ± 0.02", "all=0.75")]
    [TestCase("epoch 3\n  \"eval_acc\": 0.5,", "all=0.5")]
    [TestCase("acc: 0.5\nacc_stderr: 0.1", "all=0.5")]
    [TestCase("0.71 +/- 0.01", "all=0.71")]
    [TestCase("log\n{\n \"score\": 0.25,\n \"n\": 4\n}\n", "all=0.25")]
    [TestCase("done in 3 steps\n0.7\nbye\n", "all=0.7")]
    public void Other_outputs_are_understood_too(string output, string expected) => Assert.That(Take(output, "score"), Is.EqualTo(expected));

    private static string Take(string output, string metric) =>
        string.Join(' ', CommandOutput.Read(output, [Metric.Parse(metric)]).Select(score => FormattableString.Invariant($"{score.Set}={score.Value}")));
}
