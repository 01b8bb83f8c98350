using System.Collections.Immutable;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Lab.Experiment.Sources;

namespace DemEngine.Lab.Tests.Experiment;

/// <summary>Results as an experiment might give them, to try the report on.</summary>
internal static class MadeUpResults
{
    private static readonly ImmutableArray<string> Sources = ["reverse-small", "sort-up", "date-eu", "date-us", "roman"];
    private static readonly SourceMap Map = SourceMaps.Make([.. Sources.Select(TextSources.Find)], seed: 1);

    public static ExperimentResults Make(int seeds = 3)
    {
        ImmutableArray<string> sources = Sources;
        var random = new Random(2);
        ImmutableArray<double> Numbers(int count, double from, double to) => [.. Enumerable.Range(0, count).Select(_ => from + ((to - from) * random.NextDouble()))];
        MethodResult Row(string name, MethodKind kind, double quality, long tokens, string? chosen = null) => new(
            name, $"What {name} does.", kind,
            [.. Enumerable.Range(1, seeds).Select(seed => new MethodRun(
                seed, Numbers(6, quality - 0.2, Math.Min(1, quality + 0.2)), Numbers(6, 2 - (2 * quality), 2.4 - (2 * quality)),
                new MethodCost(tokens, tokens / 10, tokens / 20_000.0), chosen))]);

        double[] coefficients = [0, 0.2, 0.4, 0.6, 0.8, 1];
        return new ExperimentResults(
            "made-up", "dem experiment --out <DIR> & \"more\"", "Llama, 4 layers of width 128", 824_832, [.. Enumerable.Range(1, seeds).Select(seed => (long)seed)],
            [.. sources.Append("reverse-digits").Select(name => new SourceSummary(name, TextSources.Find(name).Description, name == "roman" ? "rare" : "", name == "reverse-digits" ? 0 : 4000, 100, 200))],
            [
                new ResultTable("Methods on five sources", "Mean over the five.", [.. sources, "reverse-digits"], 5,
                [
                    Row("base", MethodKind.Base, 0.3, 0),
                    Row("tuned on reverse", MethodKind.FineTune, 0.4, 200_000),
                    Row("uniform average", MethodKind.FixedMerge, 0.5, 1_000_000),
                    Row("DEM, one coefficient", MethodKind.Dem, 0.6, 1_000_000, "ω 0.4"),
                    Row("DEM, one each", MethodKind.Dem, 0.7, 1_000_000, "reverse 0.7, sort 0.4"),
                    Row("mixing, equal shares", MethodKind.Mixing, 0.7, 5_000_000, "in proportion to size"),
                ]),
            ],
            [
                .. new[] { "build", "add", "withdraw" }.Select(name => new ResultTable(name, $"What {name} is.", [.. sources, "reverse-digits"], 5,
                [
                    Row("base", MethodKind.Base, 0.3, 0),
                    Row("DEM", MethodKind.Dem, 0.7, 1_000_000),
                    Row("mixing, trained again", MethodKind.Mixing, 0.8, 2_000_000),
                    Row("mixing, continued", MethodKind.Mixing, 0.75, 1_500_000),
                ])),
            ],
            new VectorGeometry(
                sources, ["model.embed_tokens", "model.layers.0", "model.layers.1", "model.norm"], [.. Enumerable.Range(0, 4).Select(_ => Numbers(5, 0, 1))],
                Numbers(5, 1, 3), [.. Enumerable.Range(0, 5).Select(_ => Numbers(5, -0.2, 1))]),
            Map,
            [
                new CoefficientCurve(
                    "One coefficient for all", [.. coefficients],
                    [.. sources.Append("mean").Select((name, k) => new CurveLine(name, [.. coefficients.Select(w => 0.4 + (0.1 * k) + Math.Pow(w - 0.4 - (0.1 * k), 2))]))], 0.4),
                new CoefficientCurve("reverse", [.. coefficients], [new CurveLine("reverse", [3, 2, double.NaN, 0.5, 0.6, 900])], null),
            ]);
    }
}
