using DemEngine.Errors;

namespace DemEngine.Tests.Recipes;

public sealed class SpellingTests
{
    private static readonly string[] Known = ["weight", "lambda", "density", "t"];

    [TestCase("wieght", " (did you mean \"weight\"?)")]
    [TestCase("Weight", " (did you mean \"weight\"?)")]
    [TestCase("lamda", " (did you mean \"lambda\"?)")]
    [TestCase("densty", " (did you mean \"density\"?)")]
    [TestCase("gamma", "")]
    [TestCase("something_else", "")]
    [TestCase("", "")]
    public void The_nearest_known_word_is_offered_if_it_is_near(string word, string expected) =>
        Assert.That(Misspelling.DidYouMean(word, Known.Take(3)), Is.EqualTo(expected));

    [TestCase("dens", " (did you mean \"density\"?)")]
    [TestCase("LAMB", " (did you mean \"lambda\"?)")]
    [TestCase("we", " (did you mean \"weight\"?)")]
    [TestCase("w", "")]
    [TestCase("--", "")]
    public void A_beginning_of_a_known_word_is_completed(string word, string expected) =>
        Assert.That(Misspelling.DidYouMean(word, Known.Take(3)), Is.EqualTo(expected));

    [Test]
    public void A_beginning_of_few_words_offers_each_and_of_many_none()
    {
        string[] few = ["--max-memory", "--max-vram", "--out"];
        Assert.That(Misspelling.DidYouMean("--max", few), Is.EqualTo(" (did you mean \"--max-memory\" or \"--max-vram\"?)"));
        Assert.That(Misspelling.DidYouMean("layer", [.. Enumerable.Range(10, 9).Select(k => $"layers.{k}")]), Is.Empty);
    }

    [Test]
    public void A_very_long_word_is_not_compared() => Assert.That(Misspelling.DidYouMean(new string('w', 100_000), Known), Is.Empty);

    [TestCase("", "abc", 3)]
    [TestCase("abc", "abc", 0)]
    [TestCase("abc", "acb", 1)]
    [TestCase("kitten", "sitting", 3)]
    public void The_distance_counts_slips(string a, string b, int expected)
    {
        Assert.That(Misspelling.Distance(a, b), Is.EqualTo(expected));
        Assert.That(Misspelling.Distance(b, a), Is.EqualTo(expected));
    }
}
