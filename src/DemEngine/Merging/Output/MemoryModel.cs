using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Merging.Pipeline;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Output;

/// <summary>A model that was merged into memory; valid until its <see cref="MemoryMerge"/> merges again or is disposed.</summary>
public sealed class MemoryModel
{
    private readonly Dictionary<string, MemoryTensor> _tensors = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly List<NonFiniteTensor> _nonFinite = [];

    internal MemoryModel(IEnumerable<TensorSpec> tensors)
    {
        try
        {
            foreach (TensorSpec spec in tensors)
                _tensors.Add(spec.Name, new MemoryTensor(spec));
        }
        catch
        {
            Free();
            throw;
        }
    }

    /// <summary>Finds a tensor by name; null if there is none of that name.</summary>
    public ITensorData? Find(string name) => _tensors.GetValueOrDefault(name);

    /// <summary>Refuses a model that holds infinities or NaNs if the policy says so.</summary>
    /// <exception cref="DemException">DEM4004 (NonFiniteOutput): the model holds infinities or NaNs.</exception>
    internal void RefuseNonFinite(NonFinitePolicy policy) => NonFiniteTensor.Refuse(_nonFinite, policy);

    /// <summary>Creates an output that carries out a plan into this memory and overwrites its content.</summary>
    internal IPlannedOutput Output(OutputPlan plan)
    {
        _nonFinite.Clear();
        return new PlannedOutput(this, plan);
    }

    internal void Free()
    {
        foreach (MemoryTensor tensor in _tensors.Values)
            tensor.Dispose();
    }

    private sealed class PlannedOutput(MemoryModel model, OutputPlan plan) : IPlannedOutput
    {
        public OutputPlan Plan => plan;

        public IReadOnlyList<int> ToMake { get; } = [.. Enumerable.Range(0, plan.Layout.Tensors.Length)];

        public NativeBytes RoomFor(PlacedTensor place, long offset, NativeBytes buffer) =>
            model._tensors[place.Spec.Name].RoomFor(offset, buffer);

        public void Write(PlacedTensor place, long offset, NativeBytes tile) =>
            model._tensors[place.Spec.Name].Write(offset, tile);

        public void Finished(OutputTensor tensor, NonFinite nonFinite)
        {
            lock (model._lock)
                model._nonFinite.Add(new NonFiniteTensor(tensor.Spec.Name, nonFinite.Inputs, nonFinite.Outputs));
        }
    }
}
