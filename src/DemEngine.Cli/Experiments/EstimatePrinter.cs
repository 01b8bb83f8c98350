using System.Text.Json.Nodes;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Output;
using DemEngine.Lab.Experiment.Given;
using DemEngine.Lab.Experiment.Report;

namespace DemEngine.Cli.Experiments;

/// <summary>Prints what an experiment will cost.</summary>
internal static class EstimatePrinter
{
    public static void Print(GivenEstimate estimate, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(ToJson(estimate).ToJsonString());
            return;
        }

        TablePrinter.Print(
            ["stage", " operations", " written"],
            [
                .. estimate.Stages.Select(stage => new[]
                {
                    stage.Name,
                    LifeTable.Operations(stage.Cost.Flops(estimate.Parameters)),
                    Sizes.Format(stage.Bytes),
                }),
                ["all of it", LifeTable.Operations(estimate.Operations), Sizes.Format(estimate.Bytes)],
            ]);
        Console.Out.WriteLine();
        Console.Out.WriteLine($"weights in memory while training: {Sizes.Format(estimate.TrainingMemory)}");
        Console.Out.WriteLine(FormattableString.Invariant(
            $"time: {estimate.Seconds / 3600:0.##} hours at {estimate.Rate:0.#e0} operations a second, measured with the base"));
        Console.Out.WriteLine("nothing was trained");
    }

    private static JsonObject ToJson(GivenEstimate estimate) => new()
    {
        ["operations"] = estimate.Operations,
        ["bytes_written"] = estimate.Bytes,
        ["training_memory"] = estimate.TrainingMemory,
        ["operations_per_second"] = estimate.Rate,
        ["seconds"] = estimate.Seconds,
        ["stages"] = new JsonArray(
        [
            .. estimate.Stages.Select(stage => (JsonNode)new JsonObject
            {
                ["name"] = stage.Name,
                ["operations"] = stage.Cost.Flops(estimate.Parameters),
                ["bytes_written"] = stage.Bytes,
            }),
        ]),
    };
}
