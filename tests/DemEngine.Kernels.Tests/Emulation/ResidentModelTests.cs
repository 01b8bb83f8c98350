using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Tests.Streaming;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Recipes;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Emulation;

/// <summary>
/// Candidates of a search, merged in memory one after the other: the models stay on the device. Alone, as the driver counts what
/// goes over the bus for all devices together.
/// </summary>
[NonParallelizable]
public sealed class ResidentModelTests
{
    private static readonly DeviceName First = new(AcceleratorType.Cuda, 0);

    private TinyFamily _family = null!;

    [OneTimeSetUp]
    public void Open()
    {
        Cuda.NeedEmulation();
        _family = new TinyFamily();
    }

    [OneTimeTearDown]
    public void Dispose() => _family?.Dispose();

    [Test]
    public void Further_candidates_move_no_input_over_the_bus_and_have_the_bytes_that_merges_write(
        [Values("dem", "ties")] string method)
    {
        using IlgpuBackend device = IlgpuBackend.Open(First, 300_000_000);
        using MemoryMerge merge = MemoryMerge.Open(Recipe(method, 0.1), new AlignmentOptions(), device, TinyFamily.Options);
        long inputs = 3 * _family.TensorBytes;

        (long ofFirst, long byDriver) = Merge(merge, method, 0.1, device);
        Assert.That(ofFirst, Is.InRange(inputs, 2 * inputs), "a sample for a threshold comes on top");
        Assert.That(byDriver, Is.GreaterThanOrEqualTo(ofFirst));
        foreach (double weight in new[] { 0.25, 1.5 })
        {
            (ofFirst, byDriver) = Merge(merge, method, weight, device);
            Assert.That(ofFirst, Is.Zero, $"inputs, at {weight}");

            // Terms, counts and parameters: some 100 bytes a tile.
            Assert.That(byDriver, Is.LessThan(inputs / 20), $"all bytes into the device, at {weight}");
        }
    }

    [Test]
    public void Without_a_limit_a_search_may_take_most_of_what_is_free()
    {
        using (Cuda.With("MEMORY", "400000000"))
        {
            using IlgpuBackend device = IlgpuBackend.Open(First, maxVramBytes: null);
            using MemoryMerge merge = MemoryMerge.Open(Recipe("dem", 0.1), new AlignmentOptions(), device, TinyFamily.Options);
            Merge(merge, "dem", 0.1, device);
            Assert.That(Merge(merge, "dem", 0.7, device).Inputs, Is.Zero);
            Assert.That(device.PeakDeviceBytes, Is.LessThan(350_000_000));
        }
    }

    [Test]
    public void What_does_not_fit_moves_again_and_the_rest_does_not()
    {
        long inputs = 3 * _family.TensorBytes;
        using IlgpuBackend device = IlgpuBackend.Open(First, (4 << 20) + (inputs / 2));
        using MemoryMerge merge = MemoryMerge.Open(Recipe("dem", 0.1), new AlignmentOptions(), device, TinyFamily.Options);
        Merge(merge, "dem", 0.1, device);
        Assert.That(Merge(merge, "dem", 0.7, device).Inputs, Is.GreaterThan(0).And.LessThan(inputs));
        Assert.That(device.PeakDeviceBytes, Is.LessThanOrEqualTo((4 << 20) + (inputs / 2)));
    }

    [Test]
    public void Tiles_go_to_the_device_that_has_their_inputs()
    {
        using IMergeBackend devices = IlgpuBackend.OpenAll(AcceleratorType.Cuda, 300_000_000);
        using MemoryMerge merge = MemoryMerge.Open(Recipe("dem", 0.1), new AlignmentOptions(), devices, TinyFamily.Options);
        Check(merge.Merge(Recipe("dem", 0.1)), "dem", 0.1);
        long before = Cuda.Count("bytes_in");
        Check(merge.Merge(Recipe("dem", 0.7)), "dem", 0.7);
        Assert.That(Cuda.Count("bytes_in") - before, Is.LessThan(3 * _family.TensorBytes / 20));
    }

    [Test]
    public void Device_memory_is_given_back_with_the_merge()
    {
        using IlgpuBackend device = IlgpuBackend.Open(First, 300_000_000);
        using (MemoryMerge merge = MemoryMerge.Open(Recipe("dem", 0.1), new AlignmentOptions(), device, TinyFamily.Options))
            Merge(merge, "dem", 0.1, device);
        using MemoryMerge again = MemoryMerge.Open(Recipe("dem", 0.1), new AlignmentOptions(), device, TinyFamily.Options);
        Assert.That(Merge(again, "dem", 0.1, device).Inputs, Is.EqualTo(3 * _family.TensorBytes), "these are other models");
        Assert.That(Merge(again, "dem", 0.2, device).Inputs, Is.Zero);
    }

    /// <summary>Merges a candidate, and compares it with what a merge writes.</summary>
    /// <returns>Bytes of inputs that were moved, and all that the driver moved into devices.</returns>
    private (long Inputs, long ByDriver) Merge(MemoryMerge merge, string method, double weight, IlgpuBackend device)
    {
        (long inputs, long bytes) = (device.BytesFromHost, Cuda.Count("bytes_in"));
        MemoryModel model = merge.Merge(Recipe(method, weight));
        (inputs, bytes) = (device.BytesFromHost - inputs, Cuda.Count("bytes_in") - bytes);
        Check(model, method, weight);
        return (inputs, bytes);
    }

    private void Check(MemoryModel model, string method, double weight)
    {
        string folder = FormattableString.Invariant($"{method}-{weight}");
        if (!Directory.Exists(_family.PathOf(folder)))
        {
            using var cpu = new CpuBackend();
            using MergePlan merge = MergePlanner.Plan(Recipe(method, weight), new AlignmentOptions(), TinyFamily.Options);
            OutputRun.Execute(merge.Plan, _family.PathOf(folder), cpu, TinyFamily.Options);
        }

        using Checkpoint written = Checkpoint.Open(_family.PathOf(folder));
        foreach (StoredTensor tensor in written.Tensors)
        {
            int count = (int)tensor.Spec.UnitCount;
            ReadOnlySpan<byte> expected = tensor.Read(0, count, scratch: default).Bytes.Span;
            Assert.That(model.Find(tensor.Spec.Name)!.Read(0, count, default).Bytes.Span.SequenceEqual(expected), tensor.Spec.Name);
        }
    }

    private Recipe Recipe(string method, double weight)
    {
        string density = method == "dem" ? "" : ", density: 0.4";
        string file = _family.PathOf("recipe.yaml");
        File.WriteAllText(file, FormattableString.Invariant($"""
            merge_method: {method}
            base_model: {_family.PathOf("base")}
            models: [{"{"}model: {_family.PathOf("tuned1")}, parameters: {"{"}weight: {weight}{"}"}{"}"}, {"{"}model: {_family.PathOf("tuned2")}{"}"}]
            parameters: {"{"}weight: 0.5{density}{"}"}
            dtype: bfloat16
            """));
        return RecipeReader.ReadFile(file);
    }
}
