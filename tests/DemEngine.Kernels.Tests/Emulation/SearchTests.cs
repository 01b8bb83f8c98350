using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Embedded;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Tests.Streaming;
using DemEngine.Recipes;
using DemEngine.Search;
using DemEngine.Search.Strategies;
using DemEngine.Search.Trials;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Emulation;

/// <summary>A whole search on a device, judged by the embedded evaluator.</summary>
[NonParallelizable]
public sealed class SearchTests
{
    [Test]
    public void Search_moves_its_models_to_the_device_once_writes_no_candidate_and_finds_what_the_processor_finds()
    {
        Cuda.NeedEmulation();
        using var family = new TinyFamily();
        File.WriteAllText(family.PathOf("valid.jsonl"), """{"tokens": [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9]}""");
        File.WriteAllText(family.PathOf("search.yaml"), $$"""
            merge_method: dem
            base_model: {{family.PathOf("base")}}
            models: [{model: {{family.PathOf("tuned1")}}}, {model: {{family.PathOf("tuned2")}}}]
            dtype: bfloat16
            """);
        using var cpu = new CpuBackend();
        Trial[] expected = Search(family, "by-cpu", cpu);
        using IlgpuBackend device = IlgpuBackend.Open(new DeviceName(AcceleratorType.Cuda, 0), 300_000_000);
        Trial[] found = Search(family, "by-device", device);

        Assert.That(found.Select(trial => (trial.Coefficients, trial.Objective)),
            Is.EqualTo(expected.Select(trial => (trial.Coefficients, trial.Objective))));
        Assert.That(found.Select(trial => trial.Objective).Distinct().Count(), Is.GreaterThan(4), "the metric moves");
        Assert.That(device.BytesFromHost, Is.EqualTo(3 * family.TensorBytes));
        Assert.That(Directory.GetFiles(family.PathOf("by-device"), "*", SearchOption.AllDirectories).Select(Path.GetFileName),
            Is.SubsetOf(new[] { "recipe.yaml", "trials.jsonl", ".dem-search" }));
    }

    private static Trial[] Search(TinyFamily family, string output, IMergeBackend backend)
    {
        SearchJudge judge = SearchJudge.OnSets(
            [new DataFile("text", family.PathOf("valid.jsonl"))], null, Metric.Loss, sets => new EmbeddedEvaluator(sets, 2));
        var options = new SearchOptions
        {
            Strategy = StrategyKind.Coordinate,
            Budget = new SearchBudget(8, null),
            Run = TinyFamily.Options,
        };
        Recipe recipe = RecipeReader.ReadFile(family.PathOf("search.yaml"));
        return [.. SearchRun.Run(recipe, family.PathOf(output), judge, options, backend).Trials];
    }
}
