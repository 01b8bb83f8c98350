using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace DemEngine.Tests.Architecture;

/// <summary>Data flows one way: a folder of the engine uses only folders below it, so that there are no circles.</summary>
public partial class FolderDependencyTests
{
    private static readonly string[][] FromTheGround =
    [
        ["Numerics", "Recipes"],
        ["Memory"],
        ["Checkpoints", "Methods", "Backends", "Vocabularies"],
        ["Merging", "Language"],
        ["Analysis", "Synthesis", "Evaluation", "Sweeps"],
        ["Search"],
        ["Benchmarking", "Experiment"],
        ["Demonstration"],
    ];

    private static string Engine => Path.GetFullPath(Path.Combine(ThisFolder(), "..", "..", "..", "src", "DemEngine"));

    [Test]
    public void Every_folder_has_a_floor()
    {
        IEnumerable<string> folders = Directory.GetDirectories(Engine).Select(folder => Path.GetFileName(folder)!).Except(["bin", "obj"]);
        Assert.That(folders, Is.EquivalentTo(FromTheGround.SelectMany(floor => floor)));
    }

    [TestCaseSource(nameof(Folders))]
    public void A_folder_uses_only_what_lies_below(string folder, int floor)
    {
        // Recipes name element types; beside that the ground floor's folders stand alone.
        HashSet<string> allowed = [folder, .. FromTheGround.Take(floor).SelectMany(names => names), .. folder == "Recipes" ? new[] { "Numerics" } : []];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Engine, folder), "*.cs", SearchOption.AllDirectories))
        {
            IEnumerable<string> used = Usings().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value);
            Assert.That(used.Except(allowed), Is.Empty, file);
        }
    }

    private static IEnumerable<TestCaseData> Folders() =>
        FromTheGround.SelectMany((names, floor) => names.Select(name => new TestCaseData(name, floor).SetArgDisplayNames(name)));

    private static string ThisFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [GeneratedRegex(@"^using DemEngine\.(\w+)", RegexOptions.Multiline)]
    private static partial Regex Usings();
}
