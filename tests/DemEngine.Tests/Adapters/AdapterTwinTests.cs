using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;
using DemEngine.Tests.Quantized;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Adapters;

/// <summary>Models with adapters against dense products in double.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class AdapterTwinTests
{
    private static readonly (TensorSpec Spec, byte[] Bytes) Norm = Values.Tensor("model.norm.weight", ElementType.BF16, [4], 1, 2, 3, 4);

    private static IEnumerable<AdapterCase> Cases => AdapterCases.All;

    [TestCaseSource(nameof(Cases))]
    public void A_model_with_an_adapter_has_the_values_of_the_dense_product(object given)
    {
        var one = (AdapterCase)given;
        using var folder = new ModelFolder();
        string path = Written(one, folder);
        float[] expected = [.. one.Expected.Select(x => (float)x)];
        foreach (IoMode io in new[] { IoMode.Mmap, IoMode.Pread })
        {
            using Checkpoint model = ModelWeights.Open($"{folder.PathOf("base")}+{folder.PathOf(path)}", io);
            StoredTensor tensor = model.Find(one.Target.Spec.Name)!;
            Assert.That(tensor.Spec.Shape, Is.EqualTo(one.Target.Spec.Shape));
            using var scratch = new NativeBuffer(expected.Length * sizeof(double));
            var random = new Random(1);
            for (int k = 0; k < 30; k++)
            {
                int first = k == 0 ? 0 : random.Next(expected.Length);
                int count = k == 0 ? expected.Length : random.Next(expected.Length - first) + 1;
                float[] actual = [.. Values.Of(tensor.Spec.Type, tensor.Read(first, count, scratch.Bytes).Bytes.Span.ToArray()).Select(x => (float)x)];

                // Lengths are computed of rows that are rounded to binary32 already.
                if (one.Lengths is not null)
                    Assert.That(actual, Is.EqualTo(expected.AsSpan(first, count).ToArray()).Within(2).Ulps, $"{io} from {first}");
                else
                    Assert.That(actual, Is.EqualTo(expected.AsSpan(first, count).ToArray()), $"{io} from {first}");
            }
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void A_merge_adds_the_change_without_rounding_the_sum_before(object given)
    {
        var one = (AdapterCase)given;
        if (one.Lengths is not null || one.Whole is not null)
            Assert.Pass("it is no sum");
        using var folder = new ModelFolder();
        string path = Written(one, folder);
        folder.Merge(
            $"{{merge_method: task_arithmetic, base_model: base, models: [{{model: base, lora: '{path}', parameters: {{weight: 0.7}}}}], dtype: {Name(one)}}}");
        var type = ReferenceFloat.Of(one.Target.Spec.Type);
        double[] own = Values.Of(one.Target.Spec.Type, one.Target.Bytes);
        double[] expected = [.. own.Select((w, k) => type.Value(type.Round(w + ((double)0.7f * (float)one.Change[k]))))];
        Assert.That(folder.Values("out", one.Target.Spec.Name), Is.EqualTo(expected));
        Assert.That(folder.Values("out", Norm.Spec.Name), Is.EqualTo(new double[] { 1, 2, 3, 4 }), "what the adapter leaves is the base's");
    }

    [TestCase("FP8 by ragged blocks of 128 × 128")]
    [TestCase("NF4")]
    public void An_adapter_changes_the_real_values_of_a_quantised_model(string form)
    {
        QuantizedCase one = QuantizedCases.All.First(known => known.Form == form);
        using var folder = new ModelFolder();
        folder.Model("base", [Norm, .. one.Stored]);
        if (one.Config is not null)
            folder.File("base", "config.json", one.Config);
        int rows = (int)one.Shape[0], columns = (int)one.Shape[1];
        string module = one.Name[..^".weight".Length];
        var down = Values.Random($"{module}.lora_down.weight", ElementType.F32, [1, columns], 1, 0.1);
        var up = Values.Random($"{module}.lora_up.weight", ElementType.F32, [rows, 1], 2, 0.1);
        TestCheckpoint.Write(folder.PathOf("lora"), [down, up]);
        double[] a = Values.Of(ElementType.F32, down.Bytes), b = Values.Of(ElementType.F32, up.Bytes);
        folder.Merge("{merge_method: passthrough, out_dtype: float32, models: [{model: base, lora: lora/model.safetensors}]}");
        Assert.That(
            folder.Values("out", one.Name),
            Is.EqualTo(one.Values.Select((w, k) => (double)(float)(w + (b[k / columns] * a[k % columns]))).ToArray()));
    }

    [Test]
    public void An_extracted_adapter_is_its_product_and_no_difference_of_sums()
    {
        AdapterCase one = AdapterCases.All[0];
        using var folder = new ModelFolder();
        string path = Written(one, folder);
        using Checkpoint model = ModelWeights.Open(folder.PathOf("base"));
        using Checkpoint adapted = ModelWeights.Open($"{folder.PathOf("base")}+{folder.PathOf(path)}", IoMode.Mmap, model);
        StoredTensor change = adapted.Find(one.Target.Spec.Name)!.Origin!.Adaptation!.Change!;
        using var scratch = new NativeBuffer(one.Change.Length * sizeof(float));
        ReadOnlySpan<float> actual = MemoryMarshal.Cast<byte, float>(change.Read(0, one.Change.Length, scratch.Bytes).Bytes.Span);
        Assert.That(actual.ToArray(), Is.EqualTo(one.Change.Select(x => (float)x).ToArray()));
    }

    private static string Written(AdapterCase one, ModelFolder folder)
    {
        // The bias of a module with factors has weights beside it.
        bool isBias = one.Target.Spec.Name.EndsWith(".bias", StringComparison.Ordinal) && one.Config is not null;
        return isBias
            ? one.Write(folder, Norm, Values.Tensor($"{one.Target.Spec.Name[..^5]}.weight", ElementType.BF16, [9, 7], 1))
            : one.Write(folder, Norm);
    }

    private static string Name(AdapterCase one) => one.Target.Spec.Type switch
    {
        ElementType.BF16 => "bfloat16",
        ElementType.F16 => "float16",
        _ => "float32",
    };
}
