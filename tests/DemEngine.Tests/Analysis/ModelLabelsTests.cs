using DemEngine.Analysis;

namespace DemEngine.Tests.Analysis;

public class ModelLabelsTests
{
    [TestCase("m/reverse m/sort", "reverse sort")]
    [TestCase("/x/a/final /x/b/final", "a/final b/final")]
    [TestCase("/x/a/final /x/b/final /x/other", "a/final b/final other")]
    [TestCase("/x/a/run1/final /x/b/run1/final /x/b/run2/final", "a/run1/final b/run1/final run2/final")]
    [TestCase("/a /x/a", "/a /x/a")]
    public void A_label_is_the_shortest_end_that_tells_a_model_apart(string paths, string labels) =>
        Assert.That(ModelLabels.Of(paths.Split(' ')), Is.EqualTo(labels.Split(' ')));

    [Test]
    public void A_model_that_is_given_twice_is_numbered_and_others_stay_short() =>
        Assert.That(ModelLabels.Of(["/x/a/final", "/x/a/final/", "/x/b/final", "/x/c"]), Is.EqualTo(new[] { "a/final (1)", "a/final (2)", "b/final", "c" }));
}
