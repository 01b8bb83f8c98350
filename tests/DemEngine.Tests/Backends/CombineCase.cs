using DemEngine.Backends;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Backends;

/// <summary>One call of <see cref="ITileWorker.Combine"/> with its tensors, and the comparison with the reference.</summary>
internal sealed class CombineCase : IDisposable
{
    public CombineCase(LinearCombination combination, ElementType[] inputTypes, ElementType outputType, int count, int offset = 0)
    {
        Combination = combination;
        Inputs = [.. Enumerable.Range(0, combination.InputCount).Select(
            k => new TestTensor(inputTypes[k % inputTypes.Length], count, (offset * (k + 1)) % 64))];
        Output = new TestTensor(outputType, count, offset);
        Count = count;
    }

    public LinearCombination Combination { get; }

    public TestTensor[] Inputs { get; }

    public TestTensor Output { get; }

    public int Count { get; }

    public TestTensor? Base => Combination.UsesBase ? Inputs[0] : null;

    public TestTensor Source(int term) => Inputs[term + (Combination.UsesBase ? 1 : 0)];

    public void Check(ITileWorker worker)
    {
        TypedBytes[] inputs = [.. Inputs.Select(input => input.Elements)];
        byte[] expected = new byte[Output.Bytes.Length];
        NonFinite expectedCounts = ReferenceCombination.Run(Combination, inputs, Output.Elements.Type, expected);

        Output.Bytes.Fill(0x5A);
        NonFinite counts = worker.Combine(Combination, inputs, Output.Elements);

        if (!Output.Bytes.SequenceEqual(expected))
            Assert.Fail(Difference(expected));
        if (counts != expectedCounts)
            Assert.Fail($"{counts} is not {expectedCounts}: {this}");
        if (!Output.IsMarginIntact)
            Assert.Fail($"writes beyond its output: {this}");
    }

    public void Dispose()
    {
        Array.ForEach(Inputs, input => input.Dispose());
        Output.Dispose();
    }

    public override string ToString()
    {
        string terms = string.Join(", ", Combination.Terms.Take(20).Select(term => $"{term.Weight:R} {term.Kind}"));
        string types = string.Join(", ", Inputs.Take(20).Select(input => input.Elements.Type));
        return $"{Count} elements, {types} -> {Output.Elements.Type}, base {Combination.StartsFromBase}, {terms}";
    }

    private string Difference(byte[] expected)
    {
        int index = Output.Bytes.CommonPrefixLength(expected) / Output.Float.Size;
        string inputs = string.Join(", ", Inputs.Take(20).Select(input => $"{input[index]:X} ({input.Value(index):R})"));
        return $"element {index} is {Output[index]:X}, not {Output.Float.Load(expected, index):X}, from {inputs}: {this}";
    }
}
