namespace DemEngine.Architecture.Tests;

/// <summary>Data flows one way. ARCHITECTURE.md tells the rooms and their floors.</summary>
public class LayoutTests
{
    private const int MaxFilesInFolder = 25;
    private const int MaxColumns = 130;

    private static readonly SourceTree Tree = SourceTree.Read();

    [Test]
    public void Names_are_bound() => Assert.That(Tree.Uses, Is.GreaterThan(3000), "a test that binds nothing finds no circle");

    [Test]
    public void A_circle_is_found_where_there_is_one()
    {
        Assert.That(Circles.Find(["a", "b", "c", "d"], node => node switch { "a" => ["b"], "b" => ["c", "d"], "c" => ["a"], _ => ["e"] }).Single(), Is.EquivalentTo(["a", "b", "c"]));
        Assert.That(Circles.Find(["a", "b", "c"], node => node switch { "a" => ["b", "c"], "b" => ["c"], _ => [] }), Is.Empty);
    }

    [Test]
    public void No_files_of_different_folders_are_in_a_circle()
    {
        IEnumerable<string> circles = Circles.Find(Tree.Files, Tree.UsedBy)
            .Where(circle => circle.Select(Path.GetDirectoryName).Distinct().Count() > 1)
            .Select(circle => string.Join(", ", circle.Select(SourceTree.Show)));
        Assert.That(circles, Is.Empty);
    }

    [Test]
    public void No_folders_are_in_a_circle()
    {
        var uses = Tree.Files.GroupBy(Folder).ToDictionary(
            folder => folder.Key, folder => folder.SelectMany(Tree.UsedBy).Select(Folder).Distinct().Where(other => other != folder.Key).ToArray());
        var circles = Circles.Find(uses.Keys, folder => uses[folder]);
        Assert.That(circles.SelectMany(Arrows), Is.Empty);
    }

    [Test]
    public void A_folder_can_be_looked_over()
    {
        IEnumerable<string> crowded = Tree.Files.GroupBy(Folder).Where(folder => folder.Count() > MaxFilesInFolder).Select(folder => $"{SourceTree.Show(folder.Key)}: {folder.Count()}");
        Assert.That(crowded, Is.Empty);
    }

    [Test]
    public void No_line_is_longer_than_a_screen_is_wide()
    {
        IEnumerable<string> longer =
            from file in Tree.Files
            from line in File.ReadLines(file).Select((text, index) => (Text: text, Number: index + 1))
            where line.Text.Length > MaxColumns
            select $"{SourceTree.Show(file)}:{line.Number}: {line.Text.Length}";
        Assert.That(longer, Is.Empty);
    }

    private static string Folder(string file) => Path.GetDirectoryName(file)!;

    /// <summary>The arrows that make a circle of folders, to be told.</summary>
    private static IEnumerable<string> Arrows(List<string> circle) =>
        from file in Tree.Files
        where circle.Contains(Folder(file))
        from used in Tree.UsedBy(file)
        where circle.Contains(Folder(used)) && Folder(used) != Folder(file)
        select $"{SourceTree.Show(file)} uses {SourceTree.Show(used)}";
}
