using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Lab.Synthesis.Examples;

/// <summary>
/// Small models of random numbers under the names that recipes use, with as many layers as the recipes take from them, so that
/// each of the recipes can be run. Models of one depth are as if tuned from the same base.
/// </summary>
public static class ExampleModels
{
    private const long Seed = 7;
    private const string Base = "models/base";
    private const string EncoderDecoders = "models/t5-";
    private const string Vectors = "vectors/";
    private const int Layers = 4;

    // Tokens that a model has beyond those of the others, for recipes that join vocabularies.
    private static readonly Dictionary<string, string[]> MoreTokens = new(StringComparer.Ordinal)
    {
        ["models/with-tools"] = ["<|tool|>", "<|result|>"],
        ["models/with-languages"] = ["<|de|>", "<|result|>", "<|fr|>"],
    };

    /// <summary>Makes the models that recipes name.</summary>
    /// <param name="folder">Folder that the recipes lie in, and that their paths lead from.</param>
    /// <param name="recipes">Recipes that lie there.</param>
    /// <param name="backend">Backend that computes the models.</param>
    /// <param name="options">Run options.</param>
    /// <param name="cancel">Token that stops the work.</param>
    /// <returns>Paths of the models in the folder, in the order in which they were made.</returns>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): a recipe names a model outside the folder. DEM1002 (OutputExists): one of the models is there
    /// already. DEM1003 (OutputNotOurs): something else is there. Any error of writing.
    /// </exception>
    public static IReadOnlyList<string> Write(
        string folder,
        IEnumerable<Recipe> recipes,
        IMergeBackend backend,
        RunOptions options,
        CancellationToken cancel = default)
    {
        RecipePart[] parts =
        [
            .. recipes
                .SelectMany(recipe => recipe.Stages.Append(recipe))
                .SelectMany(RecipePart.Of),
        ];
        string[] paths =
        [
            .. parts.SelectMany(part => part.Models.Select(model => model.Path).Append(part.BaseModel))
                .OfType<ModelPath>()
                .Where(path => !path.IsStage)
                .Select(path => path.Written)
                .Append(Base)
                .Distinct()
                .OrderBy(path => path == Base ? 0 : path.StartsWith(Vectors, StringComparison.Ordinal) ? 2 : 1)
                .ThenBy(path => path, StringComparer.Ordinal),
        ];
        if (paths.FirstOrDefault(path => !IsInside(path)) is { } outside)
        {
            throw new DemException(
                ErrorCode.BadArgument, $"the recipes name {Quoted.Name(outside)}, which is not inside their folder");
        }

        void Execute(OutputPlan plan, string path) =>
            OutputRun.Execute(plan, Path.Combine(folder, path), backend, options, null, cancel);

        // The first model of each depth is the base of the others.
        var bases = new Dictionary<int, string>();
        foreach (var (path, k) in paths.Select((path, k) => (path, k)))
        {
            long seed = Seed + k;
            if (path.StartsWith(EncoderDecoders, StringComparison.Ordinal))
            {
                Execute(EncoderDecoder(seed, options), path);
                continue;
            }

            bool isVector = path.StartsWith(Vectors, StringComparison.Ordinal);
            string model = isVector ? $"models/{path[Vectors.Length..]}" : path;
            if (!paths.Contains(model) || !isVector)
                Llama(model, Depth(parts, path), seed);
            if (isVector)
            {
                using Checkpoint from = Checkpoint.Open(Path.Combine(folder, Base));
                using Checkpoint to = Checkpoint.Open(Path.Combine(folder, model));
                Execute(ExtractPlanner.Plan(from, to, ElementType.F32, new AlignmentOptions(), options.MaxShardBytes), path);
            }
        }

        return paths;

        void Llama(string path, int layers, long seed)
        {
            Dictionary<string, byte[]> tokenizer = ByteTokenizerFile.Files(MoreTokens.GetValueOrDefault(path, []));
            if (bases.TryGetValue(layers, out string? origin))
            {
                using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder, origin));
                Execute(
                    With(
                        SynthPlanner.PlanTuned(checkpoint, null, seed, SynthPlanner.DefaultScale, options.MaxShardBytes),
                        [checkpoint],
                        tokenizer),
                    path);
                return;
            }

            LlamaShape shape = LlamaShape.Of("tiny") with { Layers = layers };
            Execute(With(SynthPlanner.PlanBase(shape, ElementType.BF16, seed, options.MaxShardBytes), [], tokenizer), path);
            bases.Add(layers, path);
        }
    }

    private static bool IsInside(string path) =>
        !Path.IsPathRooted(path) && !path.Split('/', '\\').Contains("..");

    /// <summary>Number of layers that a model must have for the recipes' slices.</summary>
    private static int Depth(RecipePart[] parts, string path) => parts
        .SelectMany(part => part.Models.Zip(part.Layers))
        .Where(pair => pair.First.Path.Written == path)
        .Select(pair => pair.Second.End)
        .DefaultIfEmpty(Layers)
        .Max() is > 0 and var end ? end : Layers;

    private static OutputPlan With(OutputPlan plan, Checkpoint[] checkpoints, Dictionary<string, byte[]> files)
    {
        var sideFiles = new Dictionary<string, byte[]>(plan.SideFiles);
        foreach (var (name, contents) in files)
            sideFiles[name] = contents;
        return new OutputPlan(
            plan.Operation, plan.Recipe, plan.Inputs, [.. checkpoints], plan.Tensors, plan.Layout, sideFiles);
    }

    /// <summary>Plans a model with an encoder and a decoder, as T5 names their tensors.</summary>
    private static OutputPlan EncoderDecoder(long seed, RunOptions options)
    {
        const int width = 64;
        string[] names =
        [
            "shared.weight",
            .. Enumerable.Range(0, Layers).Select(layer => $"encoder.block.{layer}.layer.0.SelfAttention.q.weight"),
            "encoder.final_layer_norm.weight",
            .. Enumerable.Range(0, Layers).Select(layer => $"decoder.block.{layer}.layer.1.EncDecAttention.q.weight"),
            "decoder.final_layer_norm.weight",
            "lm_head.weight",
        ];
        OutputTensor[] tensors =
        [
            .. names.Select(name => new SyntheticTensor(
                new TensorSpec(name, ElementType.BF16, new TensorShape([width, width])), seed, null, mean: 0, scale: 0.02f)),
        ];
        return new OutputPlan(
            "synth",
            $"encoder and decoder, seed {seed}",
            [],
            [],
            tensors,
            ShardLayout.Plan(tensors.Select(tensor => tensor.Spec), options.MaxShardBytes),
            new Dictionary<string, byte[]>
            {
                ["config.json"] = """{"model_type": "t5", "num_layers": 4, "num_decoder_layers": 4}"""u8.ToArray(),
            });
    }
}
