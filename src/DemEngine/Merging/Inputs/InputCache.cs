using System.Diagnostics.CodeAnalysis;
using DemEngine.Backends;
using DemEngine.Memory;
using DemEngine.Merging.Options;

namespace DemEngine.Merging.Inputs;

/// <summary>
/// Caches the inputs that several passes over a tensor need, from its first pass until the tensor is produced. Each part is read
/// once, or computed once where it is made from other tensors. Inputs that do not fit are read again in each pass. The backend is
/// told which inputs lie in memory, whether cached or mapped.
/// </summary>
internal sealed class InputCache : IDisposable
{
    private readonly BufferPool<NativeBuffer> _memory;
    private readonly Dictionary<TensorReader, HeldTensor> _tensors = [];
    private readonly IDisposable? _kept;
    private readonly long _keptShare;

    /// <param name="wanted">Inputs to cache. Those that lie in memory anyway are not copied.</param>
    /// <param name="partElements">Number of elements that are read at a time, at most those of a tile.</param>
    /// <param name="memory">Pool that the cache's buffers are rented from.</param>
    /// <param name="backend">Backend that works on the inputs, and may make them resident.</param>
    public InputCache(
        IReadOnlyCollection<TensorReader> wanted, int partElements, BufferPool<NativeBuffer> memory, IMergeBackend backend)
    {
        _memory = memory;
        foreach (TensorReader tensor in wanted.Where(input => input.IsCopied).Distinct())
        {
            long bytes = tensor.Spec.ByteLength;
            if (bytes is > 0 and <= int.MaxValue && memory.TryRent((int)bytes) is { } buffer)
                _tensors.Add(tensor, new HeldTensor(tensor, partElements, buffer));
        }

        HasAll = wanted.All(_tensors.ContainsKey);
        NativeBytes[] inMemory =
        [
            .. wanted.Distinct().Select(tensor => tensor.InMemory).OfType<NativeBytes>(),
            .. _tensors.Values.Select(tensor => tensor.Bytes),
        ];
        long share = MemoryBudget.KeptBytes(inMemory.Sum(input => (long)input.Length));
        if (memory.TryTake(share))
            (_kept, _keptShare) = (backend.MakeResident(inMemory), share);
    }

    /// <summary>Whether every input is cached.</summary>
    public bool HasAll { get; }

    /// <summary>Gets a part of a tensor, and reads it first if no thread has done so yet.</summary>
    /// <param name="tensor">Tensor to read.</param>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    /// <param name="part">The part, valid until the cache is disposed.</param>
    /// <returns>False if the tensor is not cached.</returns>
    public bool TryRead(
        TensorReader tensor, long first, int count, ITileContext workspace, [MaybeNullWhen(false)] out TypedBytes part)
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

    /// <summary>A cached tensor, which any thread fills part by part on demand.</summary>
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

            // A tensor is never made from itself, directly or through others, so threads cannot deadlock on each other's parts.
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
