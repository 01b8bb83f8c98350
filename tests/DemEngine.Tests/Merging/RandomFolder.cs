using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Merging;

/// <summary>
/// A model's folder with features of real ones, drawn at random: a prefix in the names, tied weights stored once or twice, types, one or mixed,
/// shards, an index with a fault, marks of quantisation, side files, special values. What the network computes with is known.
/// </summary>
internal sealed class RandomFolder
{
    private const int Layers = 3;
    private const int Width = 8;
    private const int Tokens = 24;

    private static readonly string[] Prefixes = ["module.", "_orig_mod.", "module._orig_mod.", "base_model.model.", "transformer.x."];
    private static readonly ElementType[] Types = [ElementType.F32, ElementType.BF16, ElementType.F16];

    private readonly Dictionary<string, double[]> _values = new(StringComparer.Ordinal);
    private readonly bool _isMixed;

    public RandomFolder(string path, Random random, bool isBase, RandomFolder? other)
    {
        Prefix = !isBase && random.Next(4) == 0 ? Prefixes[random.Next(Prefixes.Length)] : "";
        IsTied = other?.IsTied ?? random.Next(2) == 0;
        if (!isBase && random.Next(8) == 0)
            IsTied = !IsTied;
        StoresCopy = IsTied && random.Next(2) == 0;
        Type = Types[random.Next(Types.Length)];
        _isMixed = random.Next(3) == 0;
        var tensors = new List<(TensorSpec Spec, byte[] Bytes)>();
        Add(tensors, random, "model.embed_tokens.weight", Tokens, Width);
        for (int layer = 0; layer < Layers; layer++)
        {
            Add(tensors, random, $"model.layers.{layer}.self_attn.q_proj.weight", Width, Width);
            Add(tensors, random, $"model.layers.{layer}.mlp.up_proj.weight", 2 * Width, Width);
            Add(tensors, random, $"model.layers.{layer}.input_layernorm.weight", Width);
        }

        Add(tensors, random, "model.norm.weight", Width);
        if (!IsTied)
            Add(tensors, random, "lm_head.weight", Tokens, Width);
        else
            _values["lm_head.weight"] = _values["model.embed_tokens.weight"];
        if (StoresCopy)
            tensors.Add(TestCheckpoint.Tensor(Prefix + "lm_head.weight", tensors[0].Spec.Type, [Tokens, Width], tensors[0].Bytes));
        if (random.Next(10) == 0)
            AddSpecial(tensors, random);
        if (random.Next(10) == 0)
            AddCodes(tensors, random);
        Directory.CreateDirectory(path);
        TestCheckpoint.Write(path, tensors, random.Next(2) == 0 ? ShardLayout.DefaultMaxShardBytes : 600);
        WriteSideFiles(path, random);
        if (random.Next(6) == 0)
            DisturbIndex(path, random);
    }

    public string Prefix { get; }

    public bool IsTied { get; }

    public bool StoresCopy { get; }

    public ElementType Type { get; }

    public bool IsQuantised { get; private set; }

    public bool IsNonFinite { get; private set; }

    /// <summary>Whether the folder contradicts itself, so that any error of the 20xx codes is right, and so are right values.</summary>
    public bool IsFaulty { get; private set; }

    /// <summary>Values of a tensor of the network, by the name that it has without prefix.</summary>
    public double[] this[string name] => _values[name];

    public IEnumerable<string> Names => _values.Keys;

    public override string ToString() =>
        $"{Prefix}{(_isMixed ? "mixed types" : Type.SafetensorsName)}{(IsTied ? StoresCopy ? " tied, stored twice" : " tied" : " untied")}{(IsFaulty ? " faulty" : "")}";

    private void Add(List<(TensorSpec Spec, byte[] Bytes)> tensors, Random random, string name, params long[] shape)
    {
        ElementType type = _isMixed ? Types[random.Next(Types.Length)] : Type;
        var tensor = Values.Tensor(Prefix + name, type, shape, _ => random.NextDouble() - 0.5);
        tensors.Add(tensor);
        _values[name] = Values.Of(type, tensor.Bytes);
    }

    private void AddSpecial(List<(TensorSpec Spec, byte[] Bytes)> tensors, Random random)
    {
        int at = random.Next(tensors.Count);
        var element = ReferenceFloat.Of(tensors[at].Spec.Type);
        element.Store(tensors[at].Bytes, 0, element.Round(random.Next(2) == 0 ? double.NaN : double.PositiveInfinity));
        IsNonFinite = true;
    }

    private void AddCodes(List<(TensorSpec Spec, byte[] Bytes)> tensors, Random random)
    {
        string module = $"{Prefix}model.layers.{random.Next(Layers)}.mlp.down_proj";
        (string, ElementType, long[])[] codes = random.Next(4) switch
        {
            0 => [("weight", ElementType.U32, [8, 1]), ("scales", ElementType.F16, [8, 1]), ("biases", ElementType.F16, [8, 1])],
            1 => [("W_q", ElementType.U8, [8, 4]), ("scale", ElementType.F16, [8, 1]), ("zero", ElementType.F16, [8, 1])],
            2 => [("weight", ElementType.U8, [32, 1]), ("weight.absmax", ElementType.F32, [1])],
            _ => [("weight", ElementType.I8, [8, 8]), ("weight_scale", ElementType.BF16, [8, 1]), ("weight_zero_point", ElementType.I8, [8, 1])],
        };
        tensors.AddRange(codes.Select(code => TestCheckpoint.Tensor($"{module}.{code.Item1}", code.Item2, code.Item3)));
        IsQuantised = true;
    }

    private void WriteSideFiles(string path, Random random)
    {
        var config = new JsonObject { ["num_hidden_layers"] = Layers, ["vocab_size"] = Tokens, ["tie_word_embeddings"] = IsTied };
        if (random.Next(12) == 0)
        {
            config["quantization_config"] = new JsonObject { ["quant_method"] = "fp8" };
            IsQuantised = true;
        }

        File.WriteAllText(Path.Combine(path, "config.json"), config.ToJsonString());
        foreach (string name in new[] { "generation_config.json", "optimizer.pt", "trainer_state.json", "chat_template.jinja", "notes.txt" })
        {
            if (random.Next(3) == 0)
                File.WriteAllText(Path.Combine(path, name), "{}");
        }
    }

    private void DisturbIndex(string path, Random random)
    {
        string index = Path.Combine(path, Checkpoint.IndexFileName);
        if (!File.Exists(index))
            return;
        var root = JsonNode.Parse(File.ReadAllText(index))!.AsObject();
        var map = root["weight_map"]!.AsObject();
        switch (random.Next(5))
        {
            case 0:
                File.Delete(index); // The shards alone are the model.
                return;
            case 1:
                map["model.ghost.weight"] = map.First().Value!.GetValue<string>();
                break;
            case 2:
                map.Remove(map.First().Key);
                break;
            case 3:
                File.Delete(Path.Combine(path, map.First().Value!.GetValue<string>()));
                break;
            default:
                File.WriteAllBytes(Path.Combine(path, Checkpoint.SingleFileName), "<html>"u8);
                break;
        }

        IsFaulty = true;
        File.WriteAllText(index, root.ToJsonString());
    }
}
