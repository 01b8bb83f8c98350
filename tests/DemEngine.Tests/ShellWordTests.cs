using DemEngine.Errors;

namespace DemEngine.Tests;

[Platform(Exclude = "Win", Reason = "the words are of sh")]
public class ShellWordTests
{
    [TestCase("/tmp/dem-demo/a_b.jsonl", "/tmp/dem-demo/a_b.jsonl")]
    [TestCase("/home/o'neil/my models", @"'/home/o'\''neil/my models'")]
    [TestCase("~/$HOME", "'~/$HOME'")]
    [TestCase("", "''")]
    public void Quotation_marks_stand_where_they_are_needed(string path, string word) =>
        Assert.That(ShellWord.Of(path), Is.EqualTo(word));
}
