using System.Collections.Immutable;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Data;

namespace DemEngine.Training.Tests.Data;

public class SequencePackingTests
{
    [Test]
    public void Every_example_is_in_one_row_and_rows_are_not_too_long([Values(12, 20, 100)] int length)
    {
        Example[] examples = TinyModels.Examples(TinyModels.Plain, 100);
        ImmutableArray<ImmutableArray<int>> rows = SequencePacking.Of(examples, length);
        Assert.That(rows.SelectMany(row => row), Is.EquivalentTo(Enumerable.Range(0, 100)));
        Assert.That(rows.Select(row => row.Sum(k => examples[k].Tokens.Length - 1)), Has.All.LessThanOrEqualTo(length));
        double least = Math.Ceiling(examples.Sum(one => one.Tokens.Length - 1) / (double)length);
        Assert.That(rows, Has.Length.LessThanOrEqualTo((11 * least / 9) + 1), "Johnson's bound");
    }

    [Test]
    public void A_longer_example_is_a_row_by_itself()
    {
        Example[] examples = [new([1, 2, 3], 1), new([.. Enumerable.Repeat(1, 50)], 1), new([4, 5], 1)];
        Assert.That(SequencePacking.Of(examples, 10), Is.EqualTo(new[] { ImmutableArray.Create(1), ImmutableArray.Create(0, 2) }));
    }
}
