using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Tests.Streaming;
using DemEngine.Methods;
using DemEngine.Methods.Definition;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Emulation;

/// <summary>Whole merges by every method on two devices that execute the generated PTX, against the CPU backend's output.</summary>
[Parallelizable(ParallelScope.Children)]
public sealed class MethodMergeTests
{
    private static readonly string[] Variants =
        ["", "density: 0.3", "density: 0.4, epsilon: 0.1", "scope: model, density: 0.5", "select_topk: 0.3", "filter_wise: true", "nuslerp_flatten: false"];

    private readonly CpuBackend _cpu = new();
    private TinyFamily _family = null!;
    private IMergeBackend _devices = null!;

    private static IEnumerable<object[]> Cases =>
        from method in MergeMethods.All
        from variant in Variants
        where Names(variant).All(name => method.Parameters.Any(parameter => parameter.Name == name))
        select new object[] { method.Name, variant };

    [OneTimeSetUp]
    public void Open()
    {
        Cuda.NeedEmulation();
        _family = new TinyFamily();
        _devices = IlgpuBackend.OpenAll(AcceleratorType.Cuda, maxVramBytes: 2 << 20);
    }

    [OneTimeTearDown]
    public void Dispose()
    {
        _devices?.Dispose();
        _family?.Dispose();
        _cpu.Dispose();
    }

    [TestCaseSource(nameof(Cases))]
    public void Merge_is_the_cpu_backends(string name, string variant)
    {
        IMergeMethod method = MergeMethods.Find(name)!;
        string[] known = [.. new[] { "weight: 0.6", "t: 0.3" }.Where(given => method.Parameters.Any(parameter => given.StartsWith($"{parameter.Name}:", StringComparison.Ordinal)))];
        string parameters = string.Join(", ", known.Append(variant).Where(one => one.Length > 0));
        string output = $"{name}-{Array.IndexOf(Variants, variant)}";
        int sources = Math.Min(3, method.Sources.Most);
        _family.MergeDifferences(name, parameters, sources, $"{output}-by-cpu", _cpu);
        _family.MergeDifferences(name, parameters, sources, $"{output}-by-devices", _devices);
        _family.AssertSame($"{output}-by-cpu", $"{output}-by-devices");
        Assert.That(Cuda.Count("complaints"), Is.Zero);
    }

    private static IEnumerable<string> Names(string parameters) =>
        parameters.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(one => one.Split(':')[0]);
}
