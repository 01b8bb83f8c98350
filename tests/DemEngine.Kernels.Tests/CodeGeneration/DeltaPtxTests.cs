using System.Text.RegularExpressions;
using DemEngine.Kernels.Deltas;
using DemEngine.Kernels.Elements;

namespace DemEngine.Kernels.Tests.CodeGeneration;

/// <summary>What ILGPU makes of the kernels for filtered differences.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class DeltaPtxTests
{
    private static IReadOnlyList<Type> Types => KernelPtx.Types;

    private static IEnumerable<Type> Others => KernelPtx.Single;

    [Test]
    public void Mix([ValueSource(nameof(Types))] Type basis, [ValueSource(nameof(Types))] Type output)
    {
        string ptx = KernelPtx.Mix(basis, output);
        CheckCommon(ptx);
        Assert.That(Regex.Count(ptx, @"div\.\S*f64"), Is.EqualTo(Count(ptx, "div.rn.f64")).And.GreaterThan(0), "means are rounded to nearest");
        Assert.That(Count(ptx, ".f32.f64"), Is.EqualTo(Regex.Count(ptx, @"cvt\.rn\.f32\.f64")), "and so is the result");
    }

    [Test]
    public void Nothing_is_spilled_called_or_approximated([ValueSource(nameof(Others))] Type kernel) => CheckCommon(KernelPtx.Of(kernel));

    [Test]
    public void Differences_are_loaded_and_stored_16_bytes_at_a_time()
    {
        string ptx = KernelPtx.Of(typeof(MaskKernel));

        // Beside two for the differences and two for ranks there are the factors of rows, one for each element.
        Assert.That(Count(ptx, "ld.global.v4.b32"), Is.EqualTo(4));
        Assert.That(Count(ptx, "st.global.v4.b32"), Is.EqualTo(2));
        Assert.That(Count(ptx, "st.global"), Is.EqualTo(2));
        Assert.That(Count(ptx, "ld.global"), Is.EqualTo(4 + 8));
    }

    // Each element in its bin, and once more if it is the smallest of it; what a thread has counted of a single bin, at its end.
    [Test]
    public void Counts_are_added_one_by_one_in_memory() =>
        Assert.That(Regex.Count(KernelPtx.Of(typeof(CountKernel)), @"(red|atom)\.\S*add\."), Is.EqualTo((2 * Eight.Count) + 1));

    private static void CheckCommon(string ptx)
    {
        Assert.That(ptx, Does.Not.Contain(".local"), "nothing is spilled");
        Assert.That(ptx, Does.Not.Contain(".ftz"), "subnormal numbers are kept");
        Assert.That(ptx, Does.Not.Contain(".approx"), "nothing is approximated");
        Assert.That(ptx, Does.Not.Match(@"\bcall\b"), "everything is inlined");
    }

    private static int Count(string ptx, string what) => Regex.Count(ptx, Regex.Escape(what));
}
