using System.Text.RegularExpressions;
using DemEngine.Cli.Formatting;

namespace DemEngine.Cli.Tests;

public sealed partial class CountedTests
{
    [TestCase(0, "tensor", null, "0 tensors")]
    [TestCase(1, "tensor", null, "1 tensor")]
    [TestCase(2, "tensor", null, "2 tensors")]
    [TestCase(1, "matrix", "matrices", "1 matrix")]
    [TestCase(3, "matrix", "matrices", "3 matrices")]
    public void One_is_called_otherwise_than_several(long number, string one, string? many, string text) =>
        Assert.That(Counted.Of(number, one, many), Is.EqualTo(text));

    [Test]
    public void Nothing_that_is_printed_counts_by_a_word_for_several_alone()
    {
        string commands = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../../src/DemEngine.Cli"));
        string[] files = [.. new[] { "Output", "Checks", "ScaleOut" }.SelectMany(folder => Directory.GetFiles(Path.Combine(commands, folder), "*.cs"))];
        Assert.That(files, Has.Length.GreaterThan(25));
        Assert.That(files.SelectMany(file => Several().Matches(File.ReadAllText(file)).Select(found => $"{file}: {found.Value}")), Is.Empty);
    }

    [GeneratedRegex(@"\{[^{}""\s][^{}""]*\} (tensors|files|parts|tasks|models|recipes|shards|matrices|elements|trials|merges|steps|tokens)\b")]
    private static partial Regex Several();
}
