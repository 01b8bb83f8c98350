using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Tests.Streaming;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Methods;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Tests;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Emulation;

/// <summary>Every method on a device, of tensors that fit its buffers, with nothing left to the processor.</summary>
public sealed class DeviceAloneTests
{
    private static readonly string[] Variants =
        ["", "density: 0.3", "density: 0.4, epsilon: 0.1", "scope: model, density: 0.5", "select_topk: 0.3", "filter_wise: true", "nuslerp_flatten: false", "nuslerp_flatten: false, nuslerp_row_wise: true"];

    private readonly TempFolder _folder = new();
    private readonly CpuBackend _cpu = new();
    private IlgpuBackend _device = null!;

    private static IEnumerable<object[]> Cases =>
        from method in MergeMethods.All
        from variant in Variants
        where variant.Split(", ", StringSplitOptions.RemoveEmptyEntries).All(given => Has(method, given))
        select new object[] { method.Name, variant };

    [OneTimeSetUp]
    public void Open()
    {
        Cuda.NeedEmulation();
        var random = new Random(5);
        byte[][] last = [new byte[2 * 48 * 64], new byte[2 * 70]];
        foreach (string model in new[] { "base", "one", "two", "three" })
        {
            foreach (byte[] tensor in last)
            {
                for (int k = 0; k < tensor.Length; k += 2)
                {
                    float value = model == "base" ? 0 : BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(tensor, k) << 16);
                    value += (float)((random.NextDouble() - 0.5) * (model == "base" ? 0.05 : 0.01));
                    BitConverter.TryWriteBytes(tensor.AsSpan(k), (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
                }
            }

            TestCheckpoint.Write(_folder.PathOf(model),
            [
                TestCheckpoint.Tensor("model.layers.0.mlp.up_proj.weight", ElementType.BF16, [48, 64], [.. last[0]]),
                TestCheckpoint.Tensor("model.layers.0.input_layernorm.weight", ElementType.BF16, [70], [.. last[1]]),
            ]);
        }

        _device = IlgpuBackend.Open(new DeviceName(AcceleratorType.Cuda, 0), 32 << 20);
    }

    [OneTimeTearDown]
    public void Dispose()
    {
        _device?.Dispose();
        _cpu.Dispose();
        _folder.Dispose();
    }

    [TestCaseSource(nameof(Cases))]
    public void Method_leaves_nothing_to_the_processor(string name, string variant)
    {
        IMergeMethod method = MergeMethods.Find(name)!;
        string[] models = [.. new[] { "one", "two", "three" }.Take(Math.Min(3, method.Sources.Most))];
        string[] parameters = [.. new[] { "weight: 0.6", "t: 0.3" }.Where(given => Has(method, given)), variant];
        string recipe = _folder.Write("recipe.yaml", $$"""
            merge_method: {{name}}
            base_model: {{_folder.PathOf("base")}}
            models: [{{string.Join(", ", models.Select(model => $"{{model: {_folder.PathOf(model)}}}"))}}]
            parameters: {{{string.Join(", ", parameters.Where(given => given.Length > 0))}}}
            dtype: bfloat16
            """);
        long launches = Cuda.Count("launches");
        byte[] byDevice = Merge(recipe, "by-device", _device);
        Assert.That(byDevice, Is.EqualTo(Merge(recipe, "by-cpu", _cpu)));
        Assert.That(_device.LeftToProcessor, Is.Zero);
        if (name != "passthrough")
            Assert.That(Cuda.Count("launches"), Is.GreaterThan(launches));
    }

    private static bool Has(IMergeMethod method, string given) =>
        method.Parameters.Any(parameter => parameter.Name == given.Split(':')[0]);

    private byte[] Merge(string recipe, string output, IMergeBackend backend)
    {
        string folder = _folder.PathOf(output);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        using MergePlan merge = MergePlanner.Plan(RecipeReader.ReadFile(recipe), new AlignmentOptions(), TinyFamily.Options);
        OutputRun.Execute(merge.Plan, folder, backend, TinyFamily.Options);
        return File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));
    }
}
