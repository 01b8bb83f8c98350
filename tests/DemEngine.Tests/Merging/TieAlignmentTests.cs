using DemEngine.Checkpoints;
using DemEngine.Merging.Output;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>Embeddings that are the output matrix, too.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class TieAlignmentTests
{
    private const string Tied = """{"tie_word_embeddings": true}""";
    private const string Untied = """{"tie_word_embeddings": false}""";
    private const string Embedding = "model.embed_tokens.weight";
    private const string Head = "lm_head.weight";

    [Test]
    public void A_copy_stays_equal_under_draws_and_gradients([Values("dare_ties", "dare_linear", "della", "ties", "dem", "breadcrumbs")] string method)
    {
        using ModelFolder folder = new ModelFolder();
        Model(folder, "base", 1, Tied, twice: true);
        Model(folder, "a", 2, Tied, twice: true);
        Model(folder, "b", 3, Tied, twice: true);
        string density = method is "dem" ? "" : ", density: 0.5";
        folder.Merge($$$"""
            merge_method: {{{method}}}
            base_model: base
            models:
              - {model: a, parameters: {weight: [0.2, 0.9]{{{density}}} }}
              - {model: b, parameters: {weight: [0.7, 0.1]{{{density}}} }}
            """);
        Assert.That(folder.Bytes("out", Head), Is.EqualTo(folder.Bytes("out", Embedding)));
        Assert.That(folder.Bytes("out", Head), Is.Not.EqualTo(folder.Bytes("base", Head)));
    }

    [Test]
    public void With_and_without_the_copy_the_models_merge([Values] bool baseHasCopy)
    {
        using ModelFolder folder = new ModelFolder();
        Model(folder, "base", 1, Tied, twice: baseHasCopy);
        Model(folder, "a", 2, Tied, twice: !baseHasCopy);
        folder.Merge("merge_method: linear\nmodels: [{model: base}, {model: a}]\nparameters: {weight: 0.5}");
        using Checkpoint output = Checkpoint.Open(folder.PathOf("out"));
        Assert.That(output.Find(Head) is not null, Is.EqualTo(baseHasCopy));
        Assert.That(folder.Values("out", Embedding), Is.EqualTo(Mean(folder, Embedding, Embedding)).Within(1e-7));
        if (baseHasCopy)
            Assert.That(folder.Bytes("out", Head), Is.EqualTo(folder.Bytes("out", Embedding)));
    }

    [Test]
    public void The_embedding_of_a_tied_model_is_its_output_matrix_beside_an_untied_one([Values] bool baseIsTied)
    {
        using ModelFolder folder = new ModelFolder();
        Model(folder, "base", 1, baseIsTied ? Tied : Untied, twice: false, head: baseIsTied ? null : 7);
        Model(folder, "a", 2, baseIsTied ? Untied : Tied, twice: false, head: baseIsTied ? 7 : null);
        RunReport report = folder.Merge("merge_method: linear\nmodels: [{model: base}, {model: a}]\nparameters: {weight: 0.5}");
        Assert.That(folder.Values("out", Head), Is.EqualTo(Mean(folder, baseIsTied ? Embedding : Head, baseIsTied ? Head : Embedding)).Within(1e-7));
        Assert.That(folder.Values("out", Embedding), Is.EqualTo(Mean(folder, Embedding, Embedding)).Within(1e-7));
        Assert.That(File.ReadAllText(Path.Combine(folder.PathOf("out"), "config.json")), Does.Contain("\"tie_word_embeddings\": false"));
        Assert.That(report.Remarks, Has.Some.Contains("has an output matrix of its own"));
    }

    [Test]
    public void A_model_that_its_configuration_leaves_without_an_output_matrix_is_refused()
    {
        using ModelFolder folder = new ModelFolder();
        Model(folder, "base", 1, Untied, twice: false, head: 7);
        Model(folder, "a", 2, Untied, twice: false);
        Failing.With(ErrorCode.MissingTensor, () => folder.Merge("merge_method: linear\nmodels: [{model: base}, {model: a}]\nparameters: {weight: 0.5}"));
    }

    [Test]
    public void Copies_that_differ_although_the_configuration_ties_them_are_said_and_stated()
    {
        using ModelFolder folder = new ModelFolder();
        Model(folder, "base", 1, Tied, twice: false, head: 7);
        Model(folder, "a", 2, Tied, twice: false, head: 8);
        RunReport report = folder.Merge("merge_method: linear\nmodels: [{model: base}, {model: a}]\nparameters: {weight: 0.5}");
        Assert.That(report.Remarks, Has.Some.Contains("ties").And.Some.Contains("differ"));
        Assert.That(File.ReadAllText(Path.Combine(folder.PathOf("out"), "config.json")), Does.Contain("\"tie_word_embeddings\": false"));
    }

    [Test]
    public void Copies_of_three_stay_equal_as_in_T5()
    {
        string[] names = ["shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
        using ModelFolder folder = new ModelFolder();
        foreach (var (model, seed) in new[] { ("base", 1), ("a", 2) })
        {
            byte[] bytes = Values.Random("x", ElementType.F32, [16, 8], seed).Bytes;
            folder.Model(model, [.. names.Select(name => TestCheckpoint.Tensor(name, ElementType.F32, [16, 8], bytes))]);
        }

        folder.Merge("merge_method: dare_linear\nbase_model: base\nmodels: [{model: a, parameters: {weight: 1, density: 0.5}}]");
        Assert.That(folder.Bytes("out", names[1]), Is.EqualTo(folder.Bytes("out", names[0])));
        Assert.That(folder.Bytes("out", names[2]), Is.EqualTo(folder.Bytes("out", names[0])));
    }

    [Test]
    public void A_copy_stays_equal_where_layers_are_stacked_from_several_models()
    {
        using ModelFolder folder = new ModelFolder();
        Model(folder, "base", 1, Tied, twice: true);
        Model(folder, "a", 2, Tied, twice: true);
        folder.Merge("""
            merge_method: passthrough
            slices:
              - sources: [{model: base, layer_range: [0, 1]}]
              - sources: [{model: a, layer_range: [0, 1]}]
            """);
        Assert.That(folder.Bytes("out", Head), Is.EqualTo(folder.Bytes("out", Embedding)));
    }

    private static double[] Mean(ModelFolder folder, string ofBase, string ofA) =>
        [.. folder.Values("base", ofBase).Zip(folder.Values("a", ofA), (x, y) => (x + y) / 2)];

    private static void Model(ModelFolder folder, string name, int seed, string config, bool twice, int? head = null)
    {
        (TensorSpec Spec, byte[] Bytes) embedding = Values.Random(Embedding, ElementType.F32, [16, 8], seed);
        var tensors = new List<(TensorSpec, byte[])> { embedding, Values.Random("model.layers.0.mlp.weight", ElementType.F32, [8, 8], seed + 50) };
        if (twice)
            tensors.Add(TestCheckpoint.Tensor(Head, ElementType.F32, [16, 8], embedding.Bytes));
        if (head is { } other)
            tensors.Add(Values.Random(Head, ElementType.F32, [16, 8], other));
        folder.Model(name, [.. tensors]).File(name, "config.json", $$"""{"num_hidden_layers": 1, {{config[1..]}}""");
    }
}
