using System.Collections.Immutable;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;

namespace DemEngine.Merging.Tensors;

/// <summary>What is said of a plan as a whole, found in one pass over its tensors.</summary>
internal sealed class PlanTotals
{
    private readonly Dictionary<string, string> _known = new(StringComparer.Ordinal);
    private readonly HashSet<TensorDemand> _demands = [];
    private readonly HashSet<(string Symbol, string Model)> _sources = [];
    private readonly HashSet<int> _others = [];
    private readonly string[] _operations;
    private readonly long[] _moved;

    /// <param name="outputs">Tensors of the plan.</param>
    public PlanTotals(PlannedOutputs outputs)
    {
        _operations = new string[outputs.Count];
        _moved = new long[outputs.Count];
        bool areOwnNames = true;
        int at = 0;
        foreach (OutputTensor tensor in outputs.Each)
        {
            bool isOwnName = true;
            if (!_known.TryGetValue(tensor.Operation, out string? operation))
                _known.Add(tensor.Operation, operation = tensor.Operation);
            _operations[at] = operation;
            _demands.Add(tensor.Demand);
            long read = tensor.BytesRead;
            BytesRead += read;
            _moved[at] = read + tensor.Spec.ByteLength;
            foreach (TensorReader input in tensor.ReadAgain)
                HeldBytes += input.IsCopied ? input.Spec.ByteLength : 0;
            IsPooled |= tensor.CrossTensorParts.Count > 0;
            foreach (PlannedSource source in tensor.Sources)
            {
                isOwnName &= source.Tensor == tensor.Spec.Name;
                _sources.Add((source.Symbol, source.Model));
            }

            if (!isOwnName)
                _others.Add(at);
            areOwnNames &= isOwnName;
            at++;
        }

        if (IsPooled)
            BytesRead += CrossTensorPart.BytesRead(outputs.All);
        Models = _sources.DistinctBy(source => source.Symbol).Count() == _sources.Count ? [.. _sources] : [];
        CommonSources = areOwnNames ? Models : [];
    }

    /// <summary>What is done for each tensor; see <see cref="OutputTensor.Operation"/>.</summary>
    public IReadOnlyList<string> Operations => _operations;

    /// <summary>
    /// Number of bytes that are read and written for each tensor by itself, without statistics over several tensors.
    /// </summary>
    public IReadOnlyList<long> Moved => _moved;

    /// <summary>Whether a tensor is made from tensors that have another name in their models.</summary>
    /// <param name="at">Position of the tensor.</param>
    public bool HasOtherNames(int at) => _others.Contains(at);

    /// <summary>Whether tensors need statistics over several of them.</summary>
    public bool IsPooled { get; }

    /// <summary>Number of bytes to read, including those of statistics passes.</summary>
    public long BytesRead { get; }

    /// <summary>Bytes of inputs that are copied into memory and read in more than one pass.</summary>
    public long HeldBytes { get; }

    /// <summary>Memory that tiles need, each different demand once.</summary>
    public IReadOnlyCollection<TensorDemand> Demands => _demands;

    /// <summary>
    /// Models that the symbols in the formulas stand for, if they are the same for all tensors, whatever the tensors are called
    /// there; otherwise empty.
    /// </summary>
    public ImmutableArray<(string Symbol, string Model)> Models { get; }

    /// <summary>Models that the symbols in the formulas stand for; see <see cref="OutputPlan.CommonSources"/>.</summary>
    public ImmutableArray<(string Symbol, string Model)> CommonSources { get; }
}
