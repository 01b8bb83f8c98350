using System.Xml.Linq;
using DemEngine.Numerics;
using DemEngine.Tests;

namespace DemEngine.Cli.Tests.Pictures;

/// <summary>The pages that <c>--html</c> writes.</summary>
public class ReportPageTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeModels()
    {
        _folder = new TempFolder();
        Write("base", 1, "a&b");
        Write("one", 2, "a&b", "<only>");
        Write("two", 3, "a&b");
    }

    [TearDown]
    public void RemoveThem() => _folder.Dispose();

    [Test]
    public void A_page_of_distances_has_the_picture_and_the_numbers_of_the_JSON()
    {
        string file = _folder.PathOf("distances.html");
        var measured = Dem.Run("distance", "--base", _folder.PathOf("base"), _folder.PathOf("two"), _folder.PathOf("base"), "--html", file, "--json").Expect(0).Json;
        string[] cells = Cells(file);
        Assert.That(File.ReadAllText(file), Does.Contain("<svg ").And.Contain("‖Δ‖"));
        foreach (var layer in measured.GetProperty("layers").EnumerateArray())
        {
            Assert.That(cells, Has.Member(layer.GetProperty("name").GetString()));
            Assert.That(cells, Has.Member($"{layer.GetProperty("distance")[0].GetDouble():g5}"));
        }
    }

    [Test]
    public void A_page_of_differences_names_each_tensor()
    {
        string file = _folder.PathOf("diff.html");
        Dem.Run("diff", _folder.PathOf("base"), _folder.PathOf("one"), "--html", file, "-q").Expect(0);
        string[] cells = Cells(file);
        Assert.That(cells, Has.Member("a&b").And.Member("<only>").And.Member("F32[2, 3]"));
        Dem.Run("diff", _folder.PathOf("base"), _folder.PathOf("base"), "--html", file, "-q").Expect(0);
        Assert.That(File.ReadAllText(file), Does.Contain("Identical: 1 tensors."));
    }

    [Test]
    public void A_page_that_cannot_be_written_is_refused_before_anything_is_read()
    {
        string nowhere = _folder.PathOf("nowhere/page.html");
        Dem.Run("diff", "missing", "missing", "--html", nowhere).ExpectError(ErrorCode.BadArgument, "there is no such folder");
        Dem.Run("distance", "--base", "missing", "missing", "--html", nowhere).ExpectError(ErrorCode.BadArgument, "there is no such folder");
    }

    /// <summary>The cells of all tables of a page, which names nothing that would be fetched.</summary>
    private static string[] Cells(string file)
    {
        string html = File.ReadAllText(file);
        Assert.That(html, Does.StartWith("<!doctype html>").And.Contain("default-src 'none'").And.Not.Contain("<script").And.Not.Contain("src=").And.Not.Contain("href="));
        string body = html[html.IndexOf("<body>", StringComparison.Ordinal)..html.IndexOf("</html>", StringComparison.Ordinal)];
        return [.. XElement.Parse(body).Descendants("td").Select(cell => cell.Value)];
    }

    private void Write(string name, int seed, params string[] tensors) => TestCheckpoint.Write(
        _folder.PathOf(name),
        [.. tensors.Select(tensor => TestCheckpoint.Tensor(tensor, ElementType.F32, [2, 3], [.. Enumerable.Range(0, 6).SelectMany(k => BitConverter.GetBytes((float)(seed * (k + 1))))]))]);
}
