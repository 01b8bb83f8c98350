using System.Numerics;
using DemEngine.Checkpoints.Pickles;
using DemEngine.Errors;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>The weights of a PyTorch file by their names, found in what the file holds.</summary>
/// <param name="Tensors">The tensors, in the order of the dictionary.</param>
/// <param name="Remarks">Notes on where they were found, and on what was left out.</param>
internal sealed record StateDict(IReadOnlyList<KeyValuePair<string, TorchTensor>> Tensors, IReadOnlyList<string> Remarks)
{
    // Name that distributed training puts in front of all others.
    private const string Wrapped = "module.";

    // A header of safetensors has its free text under this name.
    private const string Reserved = "__metadata__";
    private const int LongestName = 4096;

    // Where training programs keep the weights: Lightning, PyTorch's tutorials, fairseq, DeepSpeed, BasicSR. Of the last two the
    // first is the average of the training's steps, which is what those models are used with.
    private static readonly string[] Keys = ["state_dict", "model_state_dict", "model", "module", "params_ema", "params"];

    /// <summary>Finds the weights.</summary>
    /// <param name="value">What the file holds.</param>
    /// <param name="path">Path of the file, for messages.</param>
    /// <param name="isIndexed">Whether an index names the tensors, so that their names stay as they are.</param>
    /// <exception cref="DemException">
    /// DEM2005 (DuplicateName), DEM2026 (OptimizerState), DEM2044 (UnknownPickleName), DEM2045 (NoStateDict).
    /// </exception>
    public static StateDict Find(object? value, string path, bool isIndexed)
    {
        if (value is not PickleDict top)
            throw None(path, $"it holds {Describe(value)}");
        if (Get(top, "state") is PickleDict && Get(top, "param_groups") is PickleList)
            throw new DemException(ErrorCode.OptimizerState, $"{path}: this is the state of an optimizer (state, param_groups)")
            {
                Path = path,
            };
        if (HasTensors(top))
            return Of(top, path, isIndexed, []);
        foreach (string key in Keys)
        {
            if (Get(top, key) is PickleDict inner && HasTensors(inner))
            {
                string[] others = [.. Names(top).Where(name => name != key)];
                string[] remarks = others.Length == 0 ? []
                    : [$"{path}: the weights are those under {Quoted.Name(key)}; left out: {Quoted.List(others)}"];
                return Of(inner, path, isIndexed, remarks);
            }
        }

        throw None(
            path,
            top.Items.Count == 0 ? "its dictionary is empty" : "it holds a dictionary of "
                + string.Join(", ", top.Items.Take(8).Select(pair => $"{Describe(pair.Key)}: {Describe(pair.Value)}"))
                + (top.Items.Count > 8 ? $" and {top.Items.Count - 8} more" : ""));
    }

    private static StateDict Of(PickleDict dict, string path, bool isIndexed, IReadOnlyList<string> remarks)
    {
        var tensors = new List<KeyValuePair<string, TorchTensor>>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var leftOut = new List<string>();
        foreach (var (key, value) in dict.Items)
        {
            if (key is not string { Length: <= LongestName } name || name == Reserved)
                throw None(path, $"among its weights is one under the name {Describe(key)}");
            if (!names.Add(name))
                throw new DemException(ErrorCode.DuplicateName, $"{path}: {Quoted.Name(name)} occurs twice") { Path = path };
            if (value is TorchTensor tensor)
                tensors.Add(new(name, tensor));
            else if (value is PickleObject { Maker: var maker, With: var with })
                throw new DemException(
                    ErrorCode.UnknownPickleName,
                    $"{path}: {Quoted.Name(name)} is no plain tensor but made by {Quoted.Plain(maker.ToString(), 200)}"
                    + (with is null ? "" : $" {with}"))
                {
                    Path = path,
                    Tensor = name,
                };
            else if (value is null or bool or long or double or string or BigInteger or byte[])
                leftOut.Add(name);
            else
                throw None(path, $"among its weights {Quoted.Name(name)} is {Describe(value)}");
        }

        List<string> all = [.. remarks];
        if (leftOut.Count > 0)
            all.Add($"{path}: {leftOut.Count} entries that are no tensors are left out: {Quoted.List(leftOut)}");
        if (!isIndexed && tensors.All(tensor =>
            tensor.Key.Length > Wrapped.Length && tensor.Key.StartsWith(Wrapped, StringComparison.Ordinal)))
        {
            all.Add($"{path}: all names begin with {Quoted.Name(Wrapped)}, which distributed training adds and is taken off");
            tensors = [.. tensors.Select(tensor => KeyValuePair.Create(tensor.Key[Wrapped.Length..], tensor.Value))];
        }

        return new StateDict(tensors, all);
    }

    private static object? Get(PickleDict dict, string key) =>
        dict.Items.LastOrDefault(pair => pair.Key is string name && name == key).Value;

    private static bool HasTensors(PickleDict dict) => dict.Items.Any(pair => pair.Value is TorchTensor);

    private static IEnumerable<string> Names(PickleDict dict) =>
        dict.Items.Select(pair => pair.Key as string ?? Describe(pair.Key));

    private static string Describe(object? value) => value switch
    {
        null => "None",
        string text => Quoted.Name(text, 60),
        long or double or bool or BigInteger => "a number",
        byte[] => "bytes",
        TorchTensor => "a tensor without a name",
        TorchStorage => "a storage",
        PickleDict { Items.Count: var count } => $"a dictionary of {count}",
        PickleList { Items.Count: var count } => $"a list of {count}",
        PickleTuple { Items.Length: var count } => $"a tuple of {count}",
        PickleGlobal name => Quoted.Plain(name.ToString(), 100),
        PickleObject { Maker: var maker } => $"an object made by {Quoted.Plain(maker.ToString(), 100)}",
        _ => "something else",
    };

    private static DemException None(string path, string found) =>
        new(ErrorCode.NoStateDict, $"{path}: there is no dictionary of weights where one is looked for: {found}") { Path = path };
}
