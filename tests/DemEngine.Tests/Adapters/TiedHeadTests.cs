using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Adapters;

/// <summary>Adapters of the output matrix of models whose embedding that is.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class TiedHeadTests
{
    private const string Embedding = "model.embed_tokens.weight";
    private const string Copy = "merge_method: passthrough\nmodels: [{model: base+lora}]";

    [Test]
    public void Factors_of_the_output_matrix_leave_the_embedding_and_part_the_two([Values("true", null)] string? tie)
    {
        using ModelFolder folder = Folder(tie, Values.Random("base_model.model.lm_head.lora_A.weight", ElementType.F32, [2, 4], 2), Values.Random("base_model.model.lm_head.lora_B.weight", ElementType.F32, [6, 2], 3));
        folder.Merge(Copy);
        double[] e = folder.Values("base", Embedding), a = folder.Values("lora", "base_model.model.lm_head.lora_A.weight"), b = folder.Values("lora", "base_model.model.lm_head.lora_B.weight");
        double[] expected = [.. Enumerable.Range(0, 24).Select(i => (double)(float)(e[i] + (1.5 * ((b[i / 4 * 2] * a[i % 4]) + (b[(i / 4 * 2) + 1] * a[4 + (i % 4)])))))];
        Assert.That(folder.Values("out", Embedding), Is.EqualTo(e));
        Assert.That(folder.Values("out", "lm_head.weight"), Is.EqualTo(expected));
        Assert.That(File.ReadAllText(Path.Combine(folder.PathOf("out"), "config.json")), Does.Contain("\"tie_word_embeddings\": false"));
    }

    [Test]
    public void An_output_matrix_that_was_saved_whole_is_stored_beside_the_embedding()
    {
        using ModelFolder folder = Folder("true", Values.Random("base_model.model.lm_head.weight", ElementType.F32, [6, 4], 2), Values.Random("base_model.model.model.embed_tokens.weight", ElementType.F32, [6, 4], 3));
        folder.Merge(Copy);
        Assert.That(folder.Bytes("out", "lm_head.weight"), Is.EqualTo(folder.Bytes("lora", "base_model.model.lm_head.weight")));
        Assert.That(folder.Bytes("out", Embedding), Is.EqualTo(folder.Bytes("lora", "base_model.model.model.embed_tokens.weight")));

        // In a merge with the base, which has one matrix for both, each of the two is merged.
        folder.Merge("{merge_method: linear, models: [{model: base, parameters: {weight: 0.5}}, {model: base+lora, parameters: {weight: 0.5}}]}", "half");
        double[] e = folder.Values("base", Embedding), head = folder.Values("lora", "base_model.model.lm_head.weight");
        Assert.That(folder.Values("half", "lm_head.weight"), Is.EqualTo(e.Zip(head, (x, y) => (double)(float)((0.5 * x) + (0.5 * y)))));
    }

    [Test]
    public void A_model_that_says_that_it_has_its_own_output_matrix_and_lacks_it_is_refused()
    {
        using ModelFolder folder = Folder("false", Values.Random("base_model.model.lm_head.weight", ElementType.F32, [6, 4], 2));
        Failing.With(ErrorCode.AdapterDoesNotFit, () => folder.Merge(Copy));
    }

    private static ModelFolder Folder(string? tie, params (TensorSpec Spec, byte[] Bytes)[] adapter)
    {
        var folder = new ModelFolder();
        folder.Model("base", Values.Random(Embedding, ElementType.F32, [6, 4], 1), Values.Random("model.norm.weight", ElementType.F32, [4], 2));
        folder.File("base", "config.json", tie is null ? "{\"model_type\": \"gemma2\"}" : $"{{\"model_type\": \"llama\", \"tie_word_embeddings\": {tie}}}");
        folder.Model("lora", adapter);
        File.Copy(Path.Combine(folder.PathOf("lora"), "model.safetensors"), Path.Combine(folder.PathOf("lora"), "adapter_model.safetensors"));
        folder.File("lora", "adapter_config.json", """{"peft_type": "LORA", "r": 2, "lora_alpha": 3}""");
        return folder;
    }
}
