using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Decoding;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Quantized;

/// <summary>Quantised models and the plain ones that they stand for, which independent encoders make together.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class QuantizedTwinTests
{
    private const string Recipe = "merge_method: linear\nout_dtype: float32\nmodels: [{model: base, parameters: {weight: 0.25}}, {model: a, parameters: {weight: 0.75}}]";

    private static readonly (TensorSpec Spec, byte[] Bytes) Norm = Values.Tensor("model.norm.weight", ElementType.BF16, [4], 1, 2, 3, 4);

    private static IEnumerable<QuantizedCase> Cases => QuantizedCases.All;

    [TestCaseSource(nameof(Cases))]
    public void A_quantised_model_merges_to_the_bytes_of_its_plain_twin(object given)
    {
        var one = (QuantizedCase)given;
        using ModelFolder folder = Folder(one);
        folder.Model("twin", Norm, one.Plain);
        folder.Merge(Recipe.Replace("model: a", "model: twin", StringComparison.Ordinal), "expected");
        byte[] expected = folder.Files("expected")["model.safetensors"];
        foreach (IoMode io in new[] { IoMode.Mmap, IoMode.Pread })
        {
            string output = $"out-{io}";
            folder.Merge(Recipe, output, new RunOptions { Io = io, Threads = 2 });
            Assert.That(folder.Files(output)["model.safetensors"], Is.EqualTo(expected), io.ToString());
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void Any_part_of_a_tensor_is_decoded_to_the_values_of_the_definition(object given)
    {
        var one = (QuantizedCase)given;
        using ModelFolder folder = Folder(one);
        foreach (IoMode io in new[] { IoMode.Mmap, IoMode.Pread })
        {
            using Checkpoint decoded = DecodedModel.Of(Checkpoint.Open(folder.PathOf("a"), io));
            Assert.That(decoded.Tensors.Select(tensor => tensor.Spec.Name), Is.EquivalentTo(new[] { Norm.Spec.Name, one.Name }));
            StoredTensor tensor = decoded.Find(one.Name)!;
            Assert.That(tensor.Spec.Shape, Is.EqualTo(new TensorShape([.. one.Shape])));
            var random = new Random(1);
            using var scratch = new NativeBuffer(one.Values.Length * sizeof(float));
            for (int k = 0; k < 40; k++)
            {
                int first = k == 0 ? 0 : random.Next(one.Values.Length);
                int count = k == 0 ? one.Values.Length : random.Next(one.Values.Length - first) + 1;
                TypedBytes part = tensor.Read(first, count, scratch.Bytes);
                ReadOnlySpan<uint> actual = MemoryMarshal.Cast<byte, uint>(part.Bytes.Span);
                ReadOnlySpan<uint> expected = MemoryMarshal.Cast<float, uint>(one.Values.AsSpan(first, count));
                if (!actual.SequenceEqual(expected))
                    Assert.Fail($"{io}: elements {first} to {first + count - 1} differ first at {first + actual.CommonPrefixLength(expected)}");
            }
        }
    }

    private static ModelFolder Folder(QuantizedCase one)
    {
        (TensorSpec Spec, byte[] Bytes) plain = Values.Random(one.Name, ElementType.BF16, one.Shape, 7);
        ModelFolder folder = new ModelFolder().Model("base", Norm, plain).Model("a", [Norm, .. one.Stored]);
        if (one.Config is not null)
            folder.File("a", "config.json", one.Config);
        return folder;
    }
}
