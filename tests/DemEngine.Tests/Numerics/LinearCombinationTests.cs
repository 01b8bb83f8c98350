using DemEngine.Numerics;

namespace DemEngine.Tests.Numerics;

public sealed class LinearCombinationTests
{
    private static readonly Term Plain = new(0.5f, TermKind.Plain);
    private static readonly Term Relative = new(2, TermKind.RelativeToBase);

    [Test]
    public void The_base_alone_asks_for_the_base()
    {
        Assert.That(LinearCombination.BaseAlone.StartsFromBase, Is.True);
        Assert.That(LinearCombination.BaseAlone.UsesBase, Is.True);
        Assert.That(LinearCombination.BaseAlone.Terms, Is.Empty);
        Assert.That(LinearCombination.BaseAlone.InputCount, Is.EqualTo(1));
    }

    [Test]
    public void A_difference_asks_for_base_and_tuned()
    {
        Assert.That(LinearCombination.Difference.StartsFromBase, Is.False);
        Assert.That(LinearCombination.Difference.UsesBase, Is.True);
        Assert.That(LinearCombination.Difference.Terms, Is.EqualTo([new Term(1, TermKind.RelativeToBase)]));
        Assert.That(LinearCombination.Difference.InputCount, Is.EqualTo(2));
    }

    [Test]
    public void The_base_is_used_if_a_term_is_relative_to_it()
    {
        Assert.That(new LinearCombination(startsFromBase: false, Plain, Relative).UsesBase, Is.True);
        Assert.That(new LinearCombination(startsFromBase: false, Plain, Plain).UsesBase, Is.False);
        Assert.That(new LinearCombination(startsFromBase: true, Plain).UsesBase, Is.True);
        Assert.That(new LinearCombination(startsFromBase: false).UsesBase, Is.False);
    }

    [Test]
    public void Inputs_are_the_terms_and_the_base_if_used()
    {
        Assert.That(new LinearCombination(startsFromBase: false, Plain, Relative).InputCount, Is.EqualTo(3));
        Assert.That(new LinearCombination(startsFromBase: false, Plain, Plain).InputCount, Is.EqualTo(2));
        Assert.That(new LinearCombination(startsFromBase: true, Plain).InputCount, Is.EqualTo(2));
        Assert.That(new LinearCombination(startsFromBase: false).InputCount, Is.Zero);
    }

    [Test]
    public void Terms_keep_their_order() =>
        Assert.That(new LinearCombination(startsFromBase: true, Relative, Plain, Relative).Terms, Is.EqualTo([Relative, Plain, Relative]));
}
