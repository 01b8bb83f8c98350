using DemEngine.Merging.Options;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.ScaleOut;

/// <summary>What a method measures over several tensors, measured once for all parts.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class MeasurePhaseTests
{
    private const int Parts = 3;

    private static readonly Dictionary<string, string> Recipes = new()
    {
        ["ties over the model"] = Recipe("ties", "weight: 0.7, density: 0.3, rescale: true, scope: model"),
        ["ties over layers"] = Recipe("ties", "weight: 0.7, density: 0.3, rescale: true, scope: layer"),
        ["breadcrumbs over layers"] = Recipe("breadcrumbs", "weight: 0.7, density: 0.5, gamma: 0.1, rescale: true, scope: layer"),
        ["della over the model"] = Recipe("della", "weight: 0.7, density: 0.4, scope: model"),
        ["some over the model"] = "merge_method: ties\nbase_model: base\nparameters: {weight: 0.7, density: 0.3, scope: [{filter: layers.1, value: tensor}, {value: model}]}\nmodels:\n  - model: a\n  - model: b\n",
    };

    private AwkwardFamily _family = null!;

    private static IEnumerable<string> Names => Recipes.Keys;

    [OneTimeSetUp]
    public void WriteTheFamily() => _family = new AwkwardFamily();

    [OneTimeTearDown]
    public void DeleteTheFamily() => _family.Dispose();

    [TestCaseSource(nameof(Names))]
    public void The_bytes_are_those_of_one_run_and_less_is_read(string name)
    {
        var options = new RunOptions { Threads = 2, MaxShardBytes = 900_000 };
        _family.Folder.Merge(Recipes[name], $"{name} whole", options);
        var without = new PlannedMerge(_family.Folder, Recipes[name], Parts, $"{name} without", options);
        long readWithout = Enumerable.Range(0, Parts).Sum(part => without.Make(part).BytesRead);

        var merge = new PlannedMerge(_family.Folder, Recipes[name], Parts, name, options);
        long measured = Enumerable.Range(0, Parts).Sum(part => merge.Measure(part).BytesRead);
        long made = Enumerable.Range(0, Parts).Sum(part => merge.Make(part).BytesRead);
        Assert.That(measured, Is.Positive);
        Assert.That(measured + made, Is.LessThan(readWithout));
        merge.Join();
        merge.ExpectSame($"{name} whole");
    }

    [Test]
    public void Measurements_that_are_missing_are_named()
    {
        const string name = "ties over the model";
        _family.Folder.Merge(Recipes[name], "reference");
        var merge = new PlannedMerge(_family.Folder, Recipes[name], Parts, "missing");
        merge.Measure(1);
        DemException error = Failing.With(ErrorCode.MeasurementsMissing, () => merge.Make(0));
        Assert.That(error.Message, Does.EndWith("2 of 3 parts have not measured: 0,2"));
        Assert.That(error.Code.ExitCode, Is.EqualTo(75));
        merge.Measure(0);
        merge.Measure(2);
        Assert.That(merge.Measure(0).BytesRead, Is.Zero, "it is measured already");

        // A torn record does not count, and neither does one of another part.
        string record = Path.Combine(merge.Parts, "measure-00000", "dem-measured.json");
        string whole = File.ReadAllText(record);
        File.WriteAllText(record, whole[..^1]);
        Failing.With(ErrorCode.MeasurementsMissing, () => merge.Make(0));
        File.Copy(Path.Combine(merge.Parts, "measure-00001", "dem-measured.json"), record, overwrite: true);
        Failing.With(ErrorCode.MeasurementsMissing, () => merge.Make(0));
        File.WriteAllText(record, whole);
        merge.MakeAll();
        merge.Join();
        merge.ExpectSame("reference");
    }

    [Test]
    public void A_method_that_measures_each_tensor_has_nothing_to_measure_before()
    {
        _family.Folder.Merge(AwkwardFamily.Dem, "dem whole");
        var merge = new PlannedMerge(_family.Folder, AwkwardFamily.Dem, 2, "dem");
        Assert.That(merge.Measure(0).Tensors, Is.Zero);
        merge.MakeAll();
        merge.Join();
        merge.ExpectSame("dem whole");
    }

    private static string Recipe(string method, string parameters) =>
        $"merge_method: {method}\nbase_model: base\nparameters: {{{parameters}}}\nmodels:\n  - model: a\n  - model: b\n";
}
