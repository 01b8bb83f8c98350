using DemEngine.Checkpoints.Pickles;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>Element types by the names that PyTorch pickles them under.</summary>
internal static class TorchTypes
{
    private static readonly Dictionary<string, ElementType> Storages = new(StringComparer.Ordinal)
    {
        ["DoubleStorage"] = ElementType.F64,
        ["FloatStorage"] = ElementType.F32,
        ["HalfStorage"] = ElementType.F16,
        ["BFloat16Storage"] = ElementType.BF16,
        ["LongStorage"] = ElementType.I64,
        ["IntStorage"] = ElementType.I32,
        ["ShortStorage"] = ElementType.I16,
        ["CharStorage"] = ElementType.I8,
        ["ByteStorage"] = ElementType.U8,
        ["BoolStorage"] = ElementType.Bool,
        ["ComplexFloatStorage"] = ElementType.C64,
    };

    // Types that share bytes have other names in PyTorch, since it counts their bytes.
    private static readonly Dictionary<string, ElementType> Types = Enum.GetValues<ElementType>()
        .Where(type => type.Bits >= 8)
        .ToDictionary(type => type.TorchName, StringComparer.Ordinal);

    /// <summary>Whether a name is that of a storage that does not say what it holds.</summary>
    public static bool IsUntyped(PickleGlobal storage) =>
        storage is { Module: "torch.storage" or "torch", Name: "UntypedStorage" };

    /// <summary>Returns what a storage holds; null if that is not read.</summary>
    /// <param name="storage">Class of the storage, such as <c>torch.FloatStorage</c>.</param>
    public static ElementType? OfStorage(PickleGlobal storage) =>
        storage.Module is "torch" or "torch.cuda" && Storages.TryGetValue(storage.Name, out ElementType type) ? type : null;

    /// <summary>Returns the element type of a name such as <c>torch.uint16</c>; null if that is not read.</summary>
    public static ElementType? Of(PickleGlobal type) =>
        type.Module == "torch" && Types.TryGetValue(type.Name, out ElementType found) ? found : null;
}
