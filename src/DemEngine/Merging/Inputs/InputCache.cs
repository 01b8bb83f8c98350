using System.Diagnostics.CodeAnalysis;
using DemEngine.Backends;
using DemEngine.Memory;

namespace DemEngine.Merging.Inputs;

/// <summary>
/// Inputs that a tensor is gone over for more than once, kept from its first pass until it is made: each part is read once, and where it is made from
/// others, made once. Those that do not fit are read in each pass. The backend hears of what lies in memory, be it held or mapped.
/// </summary>
internal sealed class InputCache : IDisposable
{
    private readonly BufferPool<NativeBuffer> _memory;
    private readonly Dictionary<TensorReader, HeldTensor> _tensors = [];
    private readonly IDisposable? _kept;
    private readonly long _keptShare;

    /// <param name="wanted">The inputs; those that lie in memory anyway need no holding.</param>
    /// <param name="partElements">Of a tensor, that are read at a time: no more than a tile has.</param>
    /// <param name="memory">What there is for them.</param>
    /// <param name="backend">What works on them.</param>
    public InputCache(IReadOnlyCollection<TensorReader> wanted, int partElements, BufferPool<NativeBuffer> memory, IMergeBackend backend)
    {
        _memory = memory;
        foreach (TensorReader tensor in wanted.Where(input => input.IsCopied).Distinct())
        {
            long bytes = tensor.Spec.ByteLength;
            if (bytes is > 0 and <= int.MaxValue && memory.TryRent((int)bytes) is { } buffer)
                _tensors.Add(tensor, new HeldTensor(tensor, partElements, buffer));
        }

        HasAll = wanted.All(_tensors.ContainsKey);
        NativeBytes[] inMemory = [.. wanted.Distinct().Select(tensor => tensor.InMemory).OfType<NativeBytes>(), .. _tensors.Values.Select(tensor => tensor.Bytes)];
        long share = inMemory.Sum(input => (long)input.Length) / IMergeBackend.KeptShare;
        if (memory.TryTake(share))
            (_kept, _keptShare) = (backend.MakeResident(inMemory), share);
    }

    /// <summary>Whether each input is held.</summary>
    public bool HasAll { get; }

    /// <summary>A part of a tensor, read if it was not yet.</summary>
    /// <param name="tensor">Which.</param>
    /// <param name="first">Its first element.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="workspace">The calling thread's.</param>
    /// <param name="part">The part, valid until this is disposed.</param>
    /// <returns>False if the tensor is not held.</returns>
    public bool TryRead(TensorReader tensor, long first, int count, ITileContext workspace, [MaybeNullWhen(false)] out TypedBytes part)
    {
        bool isHeld = _tensors.TryGetValue(tensor, out HeldTensor? held);
        part = isHeld ? held!.Read((int)first, count, workspace) : default;
        return isHeld;
    }

    public void Dispose()
    {
        _kept?.Dispose();
        _memory.Give(_keptShare);
        foreach (HeldTensor tensor in _tensors.Values)
            _memory.Return(tensor.Buffer, tensor.Buffer.Length);

        _tensors.Clear();
    }

    /// <summary>A tensor, part by part as it is asked for, by any thread.</summary>
    private sealed class HeldTensor
    {
        private readonly TensorReader _tensor;
        private readonly int _partElements;
        private readonly TypedBytes _elements;
        private readonly Part[] _parts;

        public HeldTensor(TensorReader tensor, int partElements, NativeBuffer buffer)
        {
            _tensor = tensor;
            _partElements = partElements;
            Buffer = buffer;
            _elements = new TypedBytes(tensor.Spec.Type, buffer.Bytes);
            _parts = new Part[((_elements.Count - 1) / partElements) + 1];
            for (int k = 0; k < _parts.Length; k++)
                _parts[k] = new Part();
        }

        public NativeBuffer Buffer { get; }

        public NativeBytes Bytes => _elements.Bytes;

        public TypedBytes Read(int first, int count, ITileContext workspace)
        {
            for (int k = first / _partElements; k * (long)_partElements < first + (long)count; k++)
                Fill(k, workspace);
            return _elements.Slice(first, count);
        }

        private void Fill(int index, ITileContext workspace)
        {
            Part part = _parts[index];
            if (Volatile.Read(ref part.IsThere))
                return;

            // What a tensor is made from is never made from it, so that threads do not wait for each other in a circle.
            lock (part)
            {
                if (part.IsThere)
                    return;
                int first = index * _partElements;
                using TileLoan loan = workspace.Borrow();
                TypedBytes target = _elements.Slice(first, Math.Min(_partElements, _elements.Count - first));
                _tensor.Read(first, target.Count, target.Bytes, workspace);
                Volatile.Write(ref part.IsThere, true);
            }
        }

        private sealed class Part
        {
            public bool IsThere;
        }
    }
}
