using DemEngine.Checkpoints;
using DemEngine.Merging.Output;

namespace DemEngine.Native.Models;

/// <summary>The result of a merge into memory.</summary>
internal sealed class MergedModel : NativeModel, IModelSink
{
    private readonly List<NativeBlock> _memory = [];
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NativeBlock> _contents = new(StringComparer.Ordinal);
    private IReadOnlyList<TensorSpec> _tensors = [];
    private IReadOnlyDictionary<string, byte[]> _files = new Dictionary<string, byte[]>();

    public override IReadOnlyList<TensorSpec> Tensors => _tensors;

    public override IReadOnlyDictionary<string, byte[]> SideFiles => _files;

    public void Begin(IReadOnlyList<TensorSpec> tensors)
    {
        _tensors = tensors;
        foreach (TensorSpec tensor in tensors)
        {
            _places.Add(tensor.Name, _memory.Count);
            _memory.Add(new NativeBlock(tensor.ByteLength));
        }
    }

    public void Write(TensorSpec tensor, long offset, ReadOnlySpan<byte> bytes) =>
        _memory[_places[tensor.Name]].Write(offset, bytes);

    public void Complete(IReadOnlyDictionary<string, byte[]> sideFiles)
    {
        _files = sideFiles;
        foreach (var (name, contents) in sideFiles)
            _contents.Add(name, new NativeBlock(contents));
    }

    public override void Read(int tensor, long offset, Span<byte> destination) => _memory[tensor].Read(offset, destination);

    protected override void Close()
    {
        foreach (NativeBlock block in _memory.Concat(_contents.Values))
            block.Dispose();
    }

    protected override int Find(string name) => _places.GetValueOrDefault(name, -1);

    protected override NativeBlock MemoryOf(int tensor) => _memory[tensor];

    protected override NativeBlock? FileOf(string name) => _contents.GetValueOrDefault(name);
}
