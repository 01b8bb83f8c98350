using DemEngine.Checkpoints.Pickles;
using DemEngine.Errors;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>
/// The names that the pickle of a state dict consists of: ordered dictionaries, sizes, storages, tensors and parameters. All
/// others stay names.
/// </summary>
/// <param name="path">Path of the file, for messages.</param>
internal sealed class TorchNames(string path) : IPickleNames
{
    private const string Pending = "with a negation or conjugation that is pending (resolve_neg, resolve_conj)";
    private const int MostDimensions = 64;
    private const int LongestKey = 200;

    public object? Call(PickleGlobal callee, PickleTuple arguments)
    {
        object?[] items = arguments.Items;
        return (callee.Module, callee.Name) switch
        {
            ("collections", "OrderedDict") => Dictionary(items),
            ("collections", "defaultdict") => new PickleDict(),
            ("torch", "Size") => items is [PickleTuple sizes] ? sizes : throw Wrong(callee),
            ("torch._utils", "_rebuild_tensor") => Tensor(callee, items, null),
            ("torch._utils", "_rebuild_tensor_v2") =>
                IsChanged(items, 6) ? new PickleObject(callee, Pending) : Tensor(callee, items, null),
            ("torch._utils", "_rebuild_tensor_v3") => items.Length < 7 || items[6] is not PickleGlobal type ? throw Wrong(callee)
                : IsChanged(items, 7) ? new PickleObject(callee, Pending)
                : Tensor(callee, items, type),
            ("torch._utils", "_rebuild_parameter" or "_rebuild_parameter_with_state") =>
                items is [var data, ..] ? data : throw Wrong(callee),
            ("torch._tensor", "_rebuild_from_type_v2") => OfType(callee, items),
            _ => new PickleObject(callee),
        };
    }

    public object? Find(object? id) => id is PickleTuple
    {
        Items:
        [
            "storage",
            PickleGlobal kind,
            string { Length: > 0 and <= LongestKey } key,
            string or null,
            long and >= 0 and var count,
        ],
    }
        ? new TorchStorage(key, kind, count)
        : throw new DemException(
            ErrorCode.BadPickle, $"{path}: the pickle refers to a storage in a way in which torch.save does not")
        {
            Path = path,
        };

    // Python 2 passed the pairs as lists of two.
    private PickleDict Dictionary(object?[] arguments)
    {
        var dict = new PickleDict();
        foreach (object? pair in arguments is [PickleList { Items: var pairs }] ? pairs : [])
        {
            IReadOnlyList<object?> two = pair is PickleTuple tuple ? tuple.Items : (pair as PickleList)?.Items ?? [];
            if (two.Count != 2)
                throw Wrong(new PickleGlobal("collections", "OrderedDict"));
            dict.Add(two[0], two[1]);
        }

        return dict;
    }

    // A tensor can have a pending negation or conjugation, with which its values are other than those stored.
    private static bool IsChanged(object?[] items, int metadata) =>
        items.Length > metadata && items[metadata] is PickleDict { Items.Count: > 0 };

    private TorchTensor Tensor(PickleGlobal callee, object?[] items, PickleGlobal? type) =>
        items is [TorchStorage storage, long first, PickleTuple sizes, PickleTuple strides, ..]
        && sizes.Items.Length == strides.Items.Length && sizes.Items.Length <= MostDimensions
        && sizes.Items.All(size => size is long) && strides.Items.All(stride => stride is long)
            ? new TorchTensor(
                storage, type, first, [.. sizes.Items.Cast<long>()], [.. strides.Items.Cast<long>()])
            : throw Wrong(callee);

    // A subclass of a tensor computes with its values as it likes; these three do not. One of them in another could be nested
    // without end.
    private object? OfType(PickleGlobal callee, object?[] items) =>
        items is not [PickleGlobal maker, PickleGlobal type, PickleTuple of, ..] ? throw Wrong(callee)
        : maker != callee
            && (type.Module, type.Name) is ("torch", "Tensor") or ("torch.nn.parameter", "Parameter" or "Buffer")
            ? Call(maker, of)
            : new PickleObject(type);

    private DemException Wrong(PickleGlobal callee) => new(
        ErrorCode.BadPickle, $"{path}: the pickle calls {Quoted.Plain(callee.ToString())} with other arguments than it takes")
    {
        Path = path,
    };
}
