using System.Text.Json.Nodes;
using DemEngine.Evaluation.Records;
using DemEngine.Tests;

namespace DemEngine.Evaluation.Tests.Records;

/// <summary>Parquet, Arrow and JSON arrays that pyarrow and Python wrote (tables.py), against the same rows as JSON Lines.</summary>
public class ColumnFilesTests
{
    private static readonly string Folder = Path.Combine(TestContext.CurrentContext.TestDirectory, "Records");

    [TestCase("rows.json")]
    [TestCase("snappy.parquet")]
    [TestCase("zstd.parquet")]
    [TestCase("required.parquet")]
    [TestCase("lz4.feather")]
    [TestCase("stream.arrow")]
    [TestCase("large.arrow")]
    public void A_file_has_the_rows_that_were_written(string name)
    {
        (string Place, JsonNode Json)[] expected = Rows(Path.Combine(Folder, "rows.jsonl"));
        (string Place, JsonNode Json)[] found = Rows(Path.Combine(Folder, name));
        Assert.That(expected, Has.Length.EqualTo(7));
        Assert.That(found, Has.Length.EqualTo(7));
        for (int k = 0; k < 7; k++)
        {
            if (name is "snappy.parquet" or "zstd.parquet" && expected[k].Json["tags"]!.AsArray().Count == 0)
                expected[k].Json["tags"] = null; // The library does not tell an empty list from none, where there may be none.
            Assert.That(JsonNode.DeepEquals(found[k].Json, expected[k].Json), $"{name}: {found[k].Json} and {expected[k].Json}");
            Assert.That(found[k].Place, Does.EndWith($"{name}, row {k + 1}"));
        }
    }

    [Test]
    public void Nulls_in_lists_are_not_left_out_without_a_word()
    {
        string path = Path.Combine(Folder, "nulls.parquet");
        var error = Assert.Throws<DemException>(() => Rows(path))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.BadDataFile));
        Assert.That(error.Message, Does.Contain("tags"));
    }

    [Test]
    public void What_the_library_does_not_read_in_data_pages_of_the_second_version_is_refused_by_name()
    {
        foreach (var (name, column) in new[] { ("pages2.parquet", "messages"), ("truths2.parquet", "good") })
        {
            var error = Assert.Throws<DemException>(() => Rows(Path.Combine(Folder, name)))!;
            Assert.That(error.Code, Is.EqualTo(ErrorCode.BadDataFile));
            Assert.That(error.Message, Does.Contain("data pages of Parquet's second version").And.Contains(column));
            Assert.That(error.Remedy, Does.Contain("data_page_version"));
        }

        Assert.That(Rows(Path.Combine(Folder, "flat2.parquet")), Has.Length.EqualTo(7));
    }

    [TestCase("snappy.parquet")]
    [TestCase("zstd.parquet")]
    [TestCase("lz4.feather")]
    [TestCase("stream.arrow")]
    [TestCase("rows.json")]
    public void A_file_that_was_cut_is_named_as_damaged(string name)
    {
        using var folder = new TempFolder();
        byte[] whole = File.ReadAllBytes(Path.Combine(Folder, name));
        string cut = folder.PathOf(name);
        File.WriteAllBytes(cut, whole[..(whole.Length / 2)]);
        var error = Assert.Throws<DemException>(() => Rows(cut))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.BadDataFile));
        Assert.That(error.Path, Is.EqualTo(cut));
    }

    [TestCase("snappy.parquet")]
    [TestCase("lz4.feather")]
    [TestCase("stream.arrow")]
    public void A_changed_byte_gives_other_rows_or_an_error_and_never_another_exception(string name)
    {
        using var folder = new TempFolder();
        byte[] whole = File.ReadAllBytes(Path.Combine(Folder, name));
        var random = new Random(7);
        int refused = 0;
        for (int k = 0; k < 200; k++)
        {
            byte[] changed = [.. whole];
            changed[8 + random.Next(whole.Length - 8)] ^= (byte)(1 + random.Next(255));
            string path = folder.PathOf($"{k}{name}");
            File.WriteAllBytes(path, changed);
            try
            {
                Rows(path);
            }
            catch (DemException)
            {
                refused++;
            }
        }

        Assert.That(refused, Is.GreaterThan(0));
    }

    [Test]
    public void The_first_version_of_Feather_is_refused_by_name()
    {
        using var folder = new TempFolder();
        string path = folder.Write("old.feather", "FEA1....");
        Assert.That(Assert.Throws<DemException>(() => Rows(path))!.Message, Does.Contain("first version of Feather"));
    }

    private static (string Place, JsonNode Json)[] Rows(string path) =>
        [.. DataFiles.Read(path).Select(row => (row.Place, JsonNode.Parse(row.Json.Span)!))];
}
