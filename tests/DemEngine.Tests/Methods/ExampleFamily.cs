using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Lab.Synthesis;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Tests.Merging;
using DemEngine.Tests.Vocabularies;
using DemEngine.Vocabularies;

namespace DemEngine.Tests.Methods;

/// <summary>Tiny models under the names that the documentation's recipes use, each as the recipes need it.</summary>
internal sealed class ExampleFamily : IDisposable
{
    /// <summary>The tokens that every model has.</summary>
    public static readonly string[] Tokens = ["<s>", "</s>", .. Enumerable.Range(0, 498).Select(k => $"t{k}")];

    // What else models have, by their names.
    private static readonly Dictionary<string, string[]> MoreTokens = new()
    {
        ["models/with-tools"] = ["<|tool|>", "<|result|>"],
        ["models/with-languages"] = ["é", "<|result|>", "ß"],
    };

    private readonly CpuBackend _cpu = new();
    private readonly RunOptions _options = new();

    /// <summary>Makes all models that recipes name.</summary>
    /// <param name="recipes">As text.</param>
    public ExampleFamily(IEnumerable<string> recipes)
    {
        RecipePart[] parts = [.. recipes.Select(text => RecipeReader.Parse(text, "example")).SelectMany(recipe => recipe.Stages.Append(recipe)).SelectMany(RecipePart.Of)];
        ModelPath[] paths = [.. parts.SelectMany(part => part.Models.Select(model => model.Path).Append(part.BaseModel)).OfType<ModelPath>().Where(path => !path.IsStage)];
        foreach (var (path, seed) in paths.Select(path => path.Written).Distinct().Order(StringComparer.Ordinal).Select((path, k) => (path, k + 1)))
        {
            IEnumerable<int> ends = parts.SelectMany(part => part.Models.Zip(part.Layers)).Where(pair => pair.First.Path.Written == path).Select(pair => pair.Second.End);
            if (path.StartsWith("models/t5-", StringComparison.Ordinal))
                WriteEncoderDecoder(path, seed);
            else
                WriteLlama(path, ends.DefaultIfEmpty(4).Max(), path == "models/base" ? 0 : seed);
        }
    }

    /// <summary>Where the models lie.</summary>
    public ModelFolder Folder { get; } = new();

    public void Dispose()
    {
        _cpu.Dispose();
        Folder.Dispose();
    }

    private void WriteLlama(string path, int layers, int seed)
    {
        string origin = $"bases/{layers}";
        if (!Directory.Exists(Folder.PathOf(origin)))
            Execute(SynthPlanner.PlanBase(LlamaShape.Of("tiny") with { Layers = layers }, ElementType.BF16, 7, _options.MaxShardBytes), origin);
        bool isVector = path.StartsWith("vectors/", StringComparison.Ordinal);
        string model = isVector ? path.Replace("vectors/", "models/behind-", StringComparison.Ordinal) : path;
        using (var checkpoint = Checkpoint.Open(Folder.PathOf(origin)))
            Execute(SynthPlanner.PlanTuned(checkpoint, null, seed, seed == 0 ? 0 : SynthPlanner.DefaultScale, _options.MaxShardBytes), model);
        Folder.File(model, TokenizerFile.FileName, TokenizerTexts.Bpe([.. Tokens, .. MoreTokens.GetValueOrDefault(path, [])]));
        if (isVector)
            Folder.Extract(model, path, baseModel: "models/base");
    }

    private void WriteEncoderDecoder(string path, int seed)
    {
        string[] names =
        [
            "shared.weight",
            .. Enumerable.Range(0, 4).Select(layer => $"encoder.block.{layer}.layer.0.SelfAttention.q.weight"),
            "encoder.final_layer_norm.weight",
            .. Enumerable.Range(0, 4).Select(layer => $"decoder.block.{layer}.layer.1.EncDecAttention.q.weight"),
            "decoder.final_layer_norm.weight",
            "lm_head.weight",
        ];
        Folder.Model(path, [.. names.Select(name => Values.Random(name, ElementType.BF16, [8, 8], seed))])
            .File(path, "config.json", """{"num_layers": 4, "num_decoder_layers": 4}""");
    }

    private void Execute(OutputPlan plan, string path) => OutputRun.Execute(plan, Folder.PathOf(path), _cpu, _options);
}
