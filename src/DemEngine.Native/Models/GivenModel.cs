using DemEngine.Checkpoints;
using DemEngine.Errors;

namespace DemEngine.Native.Models;

/// <summary>A model of tensors that lie in the caller's memory.</summary>
internal sealed class GivenModel : NativeModel
{
    private readonly List<TensorSpec> _tensors = [];
    private readonly List<NativeBlock> _memory = [];
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NativeBlock> _contents = new(StringComparer.Ordinal);

    public override IReadOnlyList<TensorSpec> Tensors => _tensors;

    public override IReadOnlyDictionary<string, byte[]> SideFiles => _files;

    /// <summary>Adds a tensor.</summary>
    /// <param name="spec">Name, element type and shape.</param>
    /// <param name="memory">Its elements.</param>
    public void Add(TensorSpec spec, NativeBlock memory)
    {
        if (!_places.TryAdd(spec.Name, _tensors.Count))
            throw new DemException(ErrorCode.BadArgument, $"there is a tensor {Quoted.Name(spec.Name)} already")
            {
                Tensor = spec.Name,
            };
        _tensors.Add(spec);
        _memory.Add(memory);
    }

    /// <summary>Adds a small file.</summary>
    /// <param name="name">Its path in the model's folder.</param>
    /// <param name="contents">Its contents.</param>
    public void Add(string name, ReadOnlySpan<byte> contents)
    {
        if (!_files.TryAdd(name, contents.ToArray()))
            throw new DemException(ErrorCode.BadArgument, $"there is a file {Quoted.Name(name)} already");
        _contents.Add(name, new NativeBlock(contents));
    }

    public override void Read(int tensor, long offset, Span<byte> destination) => _memory[tensor].Read(offset, destination);

    protected override void Close()
    {
        foreach (NativeBlock contents in _contents.Values)
            contents.Dispose();
    }

    protected override int Find(string name) => _places.GetValueOrDefault(name, -1);

    protected override NativeBlock MemoryOf(int tensor) => _memory[tensor];

    protected override NativeBlock? FileOf(string name) => _contents.GetValueOrDefault(name);
}
