namespace DemEngine.Cli.Tests;

public class BuiltInFeaturesTests
{
    [Test]
    public void Every_optional_package_states_whether_it_is_built_in()
    {
        // TorchSharp comes with one native runtime or another.
        Assert.That(BuiltInFeatures.All.Select(f => f.Provider.Split(' ', '-')[0]),
            Is.EqualTo(["ILGPU", "ILGPU.Algorithms", "TorchSharp", "Microsoft.ML.Tokenizers", "System.IO.Hashing"]));
        Assert.That(BuiltInFeatures.All, Has.All.Matches<BuiltInFeature>(
            f => f.Name.Length > 0 && (f.State == "restored" || f.State.StartsWith("left out", StringComparison.Ordinal))));
        Assert.That(BuiltInFeatures.All[4].IsBuiltIn, Is.True, "hashing never drops out");
        foreach (BuiltInFeature feature in BuiltInFeatures.All)
            TestContext.Out.WriteLine(feature);
    }
}
