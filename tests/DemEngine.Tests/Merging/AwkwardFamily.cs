using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Merging;

/// <summary>
/// A base, three tuned models and a vector, with every element type and sizes about the hash's leaves and the tiles, and the bytes that
/// merges of them should give.
/// </summary>
internal sealed class AwkwardFamily : IDisposable
{
    public const string Dem = """
        merge_method: dem
        base_model: base
        models:
          - {model: a, parameters: {weight: 0.7}}
          - {model: b, parameters: {weight: -0.35}}
          - {vector: delta, parameters: {weight: 0.3}}
        parameters: {lambda: 0.9}
        """;

    public const string Linear = """
        merge_method: linear
        models:
          - {model: base, parameters: {weight: 1}}
          - {model: a, parameters: {weight: 0.7}}
          - {model: b, parameters: {weight: 0.4}}
        """;

    public const string Slerp = """
        merge_method: slerp
        base_model: base
        models: [{model: base}, {model: far}]
        parameters: {t: 0.3}
        """;

    private const int Leaf = 256 << 10;

    private readonly (TensorSpec Spec, byte[] Bytes)[] _base;
    private readonly (TensorSpec Spec, byte[] Bytes)[] _a;
    private readonly (TensorSpec Spec, byte[] Bytes)[] _b;
    private readonly (TensorSpec Spec, byte[] Bytes)[] _far;

    public AwkwardFamily()
    {
        _base =
        [
            Values.Random("model.embed_tokens.weight", ElementType.BF16, [131, 1000], 1),
            TestCheckpoint.Tensor("model.flags", ElementType.Bool, [33]),
            Values.Random("model.scalar", ElementType.F32, [], 1),
            TestCheckpoint.Tensor("model.positions", ElementType.I64, [5]),
            Values.Random("model.layers.0.leaf", ElementType.BF16, [Leaf / 2], 1),
            Values.Random("model.layers.0.leaf_and_one", ElementType.F16, [(Leaf / 2) + 1], 1),
            Values.Random("model.layers.0.leaf_less_one", ElementType.F32, [(Leaf / 4) - 1], 1),
            TestCheckpoint.Tensor("model.layers.0.codes", ElementType.U8, [Leaf + 1]),
            Values.Random("model.layers.1.tiles", ElementType.BF16, [3, 7, 14287], 1),
            Values.Random("model.layers.1.double", ElementType.F64, [1, 33000, 1], 1),
            Values.Random("model.layers.1.e4m3", ElementType.F8E4M3, [Leaf + 3], 1, scale: 2),
            Values.Random("model.layers.2.e5m2", ElementType.F8E5M2, [7, 11], 1),
            Values.Random("model.layers.2.no_rows", ElementType.F16, [0, 3], 1),
            Values.Random("model.layers.2.no_columns", ElementType.BF16, [3, 0], 1),
            Values.Random("model.layers.2.one", ElementType.BF16, [1], 1),
            Values.Random("model.layers.2.gram_leaf_and_one", ElementType.F32, [4097], 1),
            TestCheckpoint.Tensor("model.layers.2.short", ElementType.I16, [3, 1]),
        ];
        ElementType[] wider = [ElementType.F32, ElementType.BF16, ElementType.F64];
        _a = [.. _base.Select(tensor => Values.Moved(tensor, 2, tensor.Spec.Type))];
        _b = [.. _base.Select((tensor, k) => Values.Moved(tensor, 3, wider[k % 3]))];
        _far = [.. _base.Select(tensor => Values.Moved(tensor, 4, tensor.Spec.Type, scale: 0.02))];

        UnalignedCheckpoint.Write(Folder.PathOf("base"), _base, shards: 3);
        UnalignedCheckpoint.Write(Folder.PathOf("a"), [.. _a.Reverse()], shards: 1);
        UnalignedCheckpoint.Write(Folder.PathOf("b"), _b, shards: 2);
        TestCheckpoint.Write(Folder.PathOf("far"), _far);
        Folder.File("base", "config.json", """{"torch_dtype": "bfloat16"}""").File("base", "tokenizer.json", "{}");
        Folder.Extract("far", "delta", ElementType.BF16);
    }

    public ModelFolder Folder { get; } = new();

    /// <summary>The bytes of every tensor of the merge that a recipe describes.</summary>
    public Dictionary<string, byte[]> Expected(string recipe, ElementType? type = null)
    {
        var expected = new Dictionary<string, byte[]>();
        for (int k = 0; k < _base.Length; k++)
        {
            TensorSpec spec = _base[k].Spec;
            ElementType output = type ?? spec.Type;
            expected[spec.Name] = !spec.Type.IsFloat ? _base[k].Bytes : recipe switch
            {
                Dem => ReferenceMerge.Dem(output, _base[k], (0.9 * 0.7, false, _a[k]), (0.9 * -0.35, false, _b[k]), (0.9 * 0.3, true, Difference(k))),
                Linear => ReferenceMerge.Linear(output, (1 / (1 + 0.7 + 0.4), _base[k]), (0.7 / (1 + 0.7 + 0.4), _a[k]), (0.4 / (1 + 0.7 + 0.4), _b[k])),
                _ => ReferenceMerge.Slerp(output, 0.3, _base[k], _far[k], spec.Shape.ElementCount),
            };
        }

        return expected;
    }

    public void Dispose() => Folder.Dispose();

    private (TensorSpec Spec, byte[] Bytes) Difference(int k)
    {
        double[] b = Values.Of(_base[k].Spec.Type, _base[k].Bytes);
        double[] x = Values.Of(_far[k].Spec.Type, _far[k].Bytes);
        double[] difference = [.. x.Zip(b, (xi, bi) => xi - bi), 0];
        return Values.Tensor(_base[k].Spec.Name, ElementType.BF16, [.. _base[k].Spec.Shape.Dimensions], difference);
    }
}
