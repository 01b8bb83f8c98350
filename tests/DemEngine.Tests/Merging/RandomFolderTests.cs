using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Merging;

/// <summary>For whatever lies in the folders, a merge ends in the right values or in a named error, and in nothing else.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class RandomFolderTests
{
    private const int Folders = 40;

    private static readonly AlignmentOptions Lenient = new() { Missing = MissingTensors.Base, Extra = ExtraTensors.Ignore };

    [Test]
    public void The_right_values_or_a_named_error([Range(1, 12)] int round)
    {
        int merged = 0;
        for (int k = 0; k < Folders; k++)
        {
            var random = new Random((round * 1000) + k);
            using var folder = new ModelFolder();
            var baseModel = new RandomFolder(folder.PathOf("base"), random, isBase: true, null);
            RandomFolder[] sources =
            [
                new(folder.PathOf("a"), random, isBase: false, baseModel),
                new(folder.PathOf("b"), random, isBase: false, baseModel),
            ];
            double[] weights = [random.Next(1, 9) / 8.0, random.Next(-4, 9) / 8.0];
            if (Merge(folder, baseModel, sources, weights, random.Next(2) == 0, $"seed {(round * 1000) + k}"))
                merged++;
        }

        Assert.That(merged, Is.GreaterThan(Folders / 10), "many folders are sound");
    }

    private static bool Merge(ModelFolder folder, RandomFolder baseModel, RandomFolder[] sources, double[] weights, bool lenient, string seed)
    {
        RandomFolder[] all = [baseModel, .. sources];
        seed += $": {string.Join("; ", all.Select(model => model.ToString()))}{(lenient ? "; lenient" : "")}";
        string recipe = FormattableString.Invariant($$$"""
            merge_method: task_arithmetic
            base_model: base
            models:
              - {model: a, parameters: {weight: {{{weights[0]}}} }}
              - {model: b, parameters: {weight: {{{weights[1]}}} }}
            """);
        RunReport report;
        try
        {
            report = folder.Merge(recipe, alignment: lenient ? Lenient : null);
        }
        catch (DemException e)
        {
            Assert.That(e.Code, Is.Not.SameAs(ErrorCode.Internal), seed);
            bool isExplained = e.Code == ErrorCode.Quantized ? all.Any(model => model.IsQuantised)
                : e.Code == ErrorCode.NonFiniteOutput ? all.Any(model => model.IsNonFinite)
                : all.Any(model => model.IsFaulty);
            Assert.That(isExplained, $"{seed}: {e.Code} {e.Message}");
            Assert.That(Directory.Exists(folder.PathOf("out")), Is.False, seed);
            return false;
        }

        Assert.That(all.Any(model => model.IsQuantised || model.IsNonFinite), Is.False, $"{seed}: merged without a word");
        Assert.That(sources.All(source => source.Prefix.Length == 0) || report.Remarks.Any(remark => remark.Contains("are matched")), seed);
        using Checkpoint output = Checkpoint.Open(folder.PathOf("out"));
        bool isUntied = all.Any(model => !model.IsTied);
        Assert.That(output.Find("lm_head.weight") is not null, Is.EqualTo(isUntied || baseModel.StoresCopy), seed);
        foreach (StoredTensor tensor in output.Tensors)
        {
            string name = tensor.Spec.Name;
            double[] expected = [.. baseModel[name].Select((b, i) => sources.Zip(weights, (x, w) => w * (x[name][i] - b)).Sum() + b)];
            var element = ReferenceFloat.Of(tensor.Spec.Type);
            double[] actual = folder.Values("out", name);
            for (int i = 0; i < expected.Length; i++)
            {
                // The sum's own rounding in binary64 may decide a tie between two neighbours of the output's type.
                double nearest = element.Value(element.Round(expected[i]));
                Assert.That(actual[i], Is.EqualTo(expected[i]).Within(Math.Abs(nearest - expected[i]) + 1e-12), $"{seed}: {name}[{i}]");
            }
        }

        return true;
    }
}
