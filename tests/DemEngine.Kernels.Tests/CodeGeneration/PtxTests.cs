using System.Text.RegularExpressions;
using DemEngine.Kernels.Elements;
using DemEngine.Numerics.Elements;

namespace DemEngine.Kernels.Tests.CodeGeneration;

/// <summary>What ILGPU makes of the kernels: wide accesses, no local memory, nothing slow, nothing that changes the arithmetic.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class PtxTests
{
    private static IReadOnlyList<Type> Types => KernelPtx.Types;

    [Test]
    public void Combine([ValueSource(nameof(Types))] Type input, [ValueSource(nameof(Types))] Type output)
    {
        string ptx = KernelPtx.Combine(input, output);
        CheckCommon(ptx);
        Assert.That(ptx, Does.Not.Contain("div."), "nothing is divided");

        // Base, source, and the source again where results are counted.
        int ofTerm = WideLoad(input) == WideLoad(typeof(F32)) ? 1 : 0;
        Assert.That(Count(ptx, WideLoad(input)), Is.EqualTo((3 * Accesses(input)) + ofTerm));
        Assert.That(Count(ptx, WideStore(output)), Is.EqualTo(Accesses(output)));

        // w·x and w·b are added to what may be −0: ILGPU leaves out the addition of a 0 that it knows.
        Assert.That(Count(ptx, "add.f64"), Is.EqualTo(2 * Eight.Count));

        // Beside them only a term is read, with one load, and nothing is written.
        Assert.That(Count(ptx, "ld.global"), Is.EqualTo((3 * Accesses(input)) + 1));
        Assert.That(Count(ptx, "st.global"), Is.EqualTo(Accesses(output)));
    }

    /// <summary>The elements that binary32 decides are computed without binary64; the others alone, and each once more.</summary>
    [Test]
    public void Combine_in_binary32(
        [ValueSource(nameof(Types))] Type input, [Values(typeof(BF16), typeof(SmallFloat<F16Format>))] Type output)
    {
        if (input == typeof(F64))
            Assert.Pass("has no such kernel");
        string ptx = KernelPtx.SingleCombine(input, output);
        CheckCommon(ptx);

        // Wide loads of base, source and term; in the parts that decide, a term and one element of each.
        int exactly = input == typeof(F32) ? 0 : 1;
        int ofTerms = WideLoad(input) == WideLoad(typeof(F32)) ? 2 + exactly : 0;
        Assert.That(Count(ptx, WideLoad(input)), Is.EqualTo((3 * Accesses(input)) + ofTerms));
        Assert.That(Count(ptx, "st.global"), Is.EqualTo(2));
        Assert.That(Count(ptx, WideStore(output)), Is.EqualTo(1));

        // w·x and w·b of one element.
        Assert.That(Count(ptx, "mul.f64"), Is.EqualTo(2));
        Assert.That(Count(ptx, "add.f64"), Is.EqualTo(2));

        // w·d, the bound of each term, and that of the sum; where a sum may be exact, two sizes, a product and the range.
        Assert.That(Count(ptx, "mul.f32"), Is.EqualTo((3 * Eight.Count) + (4 * exactly)));
    }

    [Test]
    public void Convert([ValueSource(nameof(Types))] Type input, [ValueSource(nameof(Types))] Type output)
    {
        string ptx = KernelPtx.Convert(input, output);
        CheckCommon(ptx);
        Assert.That(ptx, Does.Not.Contain("div."), "nothing is divided");

        // The source, and again where results are counted.
        Assert.That(Count(ptx, WideLoad(input)), Is.EqualTo(2 * Accesses(input)));
        Assert.That(Count(ptx, WideStore(output)), Is.EqualTo(Accesses(output)));
        Assert.That(Count(ptx, "ld.global"), Is.EqualTo(2 * Accesses(input)));
        Assert.That(Count(ptx, "st.global"), Is.EqualTo(Accesses(output)));
        Assert.That(Count(ptx, "mul."), Is.EqualTo(Count(ptx, "mul.lo.") + Count(ptx, "mul.wide.")), "values are not multiplied");
    }

    /// <summary>Every pair of the three types; <see cref="AssemblerTests"/> goes over all combinations.</summary>
    [Test, Pairwise]
    public void Extract(
        [ValueSource(nameof(Types))] Type basis, [ValueSource(nameof(Types))] Type tuned, [ValueSource(nameof(Types))] Type output)
    {
        string ptx = KernelPtx.Extract(basis, tuned, output);
        CheckCommon(ptx);
        Assert.That(ptx, Does.Not.Contain("div."), "nothing is divided");

        Assert.That(Count(ptx, "ld.global"), Is.EqualTo(2 * (Accesses(basis) + Accesses(tuned))));
        Assert.That(Count(ptx, "st.global"), Is.EqualTo(Accesses(output)));
        Assert.That(Regex.Count(ptx, @"ld\.global\.v[24]\.b32"), Is.EqualTo(Count(ptx, "ld.global")), "all are wide");
        Assert.That(Count(ptx, WideStore(output)), Is.EqualTo(Accesses(output)));
        Assert.That(Count(ptx, "mul."), Is.EqualTo(Count(ptx, "mul.lo.") + Count(ptx, "mul.wide.")), "values are not multiplied");

        // The difference, and what makes 0 of −0: an optimiser may not leave it out. In binary32 where all are that at most.
        bool isSingle = basis != typeof(F64) && tuned != typeof(F64) && output == typeof(F32);
        string type = isSingle ? "f32" : "f64";
        Assert.That(Count(ptx, "sub.f64"), Is.EqualTo(isSingle ? 0 : Eight.Count));
        Assert.That(Regex.Count(ptx, $@"add\.{type}\s+\S+ \S+ %{(isSingle ? "f" : "fd")}\d+;"), Is.GreaterThanOrEqualTo(Eight.Count));
    }

    [Test]
    public void Gram([ValueSource(nameof(Types))] Type input)
    {
        string ptx = KernelPtx.Gram(input);
        CheckCommon(ptx);

        // Two sources, and the base once for both, or with each of them in binary64; one sum is written at a time.
        int loads = (input == typeof(F64) ? 4 : 3) * Accesses(input);
        Assert.That(Count(ptx, WideLoad(input)), Is.EqualTo(loads));
        Assert.That(Count(ptx, "ld.global"), Is.EqualTo(loads));
        Assert.That(Count(ptx, "st.global"), Is.EqualTo(1));
        Assert.That(Count(ptx, "st.shared.v4"), Is.EqualTo(8), "two halves of two vectors, of whole groups and at the end");
        Assert.That(ptx, Does.Contain("bar.sync"));
    }

    /// <summary>
    /// The driver's compiler may fuse a plain mul with an add. It cannot where the product of binary64 numbers passes through integers with
    /// an operand that only the launch knows.
    /// </summary>
    [Test]
    public void Products_of_binary64_cannot_be_fused([ValueSource(nameof(Types))] Type output)
    {
        string ptx = KernelPtx.Combine(typeof(F64), output);
        MatchCollection guarded = Regex.Matches(
            ptx, @"mul(\.rn)?\.f64\s+(%fd\d+), [^;]+;\s+mov\.b64\s+(%rd\d+), \2;\s+xor\.b64\s+(%rd\d+), \3, %rd\d+;\s+mov\.\w+\s+(%fd\d+), \4;\s+add\.f64\s+%fd\d+, %fd\d+, \5;");
        Assert.That(guarded, Has.Count.EqualTo(2 * Eight.Count));
        Assert.That(Count(ptx, "mul.f64") + Count(ptx, "mul.rn.f64"), Is.EqualTo(2 * Eight.Count));
    }

    /// <summary>A subtraction has no product before it to be fused with.</summary>
    [Test]
    public void Values_are_not_computed_by_multiplication([ValueSource(nameof(Types))] Type input)
    {
        Assert.That(Count(KernelPtx.Gram(input), "mul.f32"), Is.Zero);
        Assert.That(Count(KernelPtx.Gram(input), "mul.f64"), Is.EqualTo(4 * (3 + 6 + 10)), "the products of two, three and four vectors, in four rows");
        Assert.That(Count(KernelPtx.Combine(input, input), "mul.f32"), Is.Zero);
        Assert.That(Count(KernelPtx.Extract(input, input, typeof(F32)), "mul.f32"), Is.Zero);
    }

    /// <summary>Between types of at most 32 bits nothing is converted to binary64 and back.</summary>
    [Test]
    public void Small_types_are_converted_in_integers_and_binary32([ValueSource(nameof(Types))] Type input)
    {
        if (input == typeof(F64))
            Assert.Pass("is binary64");
        foreach (Type output in Types.Where(type => type != typeof(F64)))
            Assert.That(Regex.Count(KernelPtx.Convert(input, output), @"cvt\.rn\.f32\.f64"), Is.Zero, $"to {output.Name}");
        Assert.That(Count(KernelPtx.Extract(input, input, typeof(F32)), "cvt.rn.f32.f64"), Is.Zero);
    }

    /// <summary>A device has no instruction for it: each is a call of some seventy instructions.</summary>
    [Test]
    public void Nothing_of_64_bits_is_divided_in_a_loop([ValueSource(nameof(Types))] Type input)
    {
        foreach (var instance in KernelPtx.Instances.Where(instance => instance.Types.All(type => type == input)))
            Assert.That(PtxLoops.Of(KernelPtx.Of(instance)), Has.None.Match(@"(div|rem)\.[su]64"), KernelPtx.NameOf(instance.Kernel, instance.Types));
    }

    private static void CheckCommon(string ptx)
    {
        Assert.That(ptx, Does.Not.Contain(".local"), "nothing is spilled");
        Assert.That(ptx, Does.Not.Match(@"div\.\S*f(32|64)"), "no floating-point division");
        Assert.That(ptx, Does.Not.Contain(".ftz"), "subnormal numbers are kept");
        Assert.That(ptx, Does.Not.Contain(".approx"), "nothing is approximated");
        Assert.That(ptx, Does.Not.Contain("call"), "everything is inlined");
    }

    /// <summary>Accesses for eight elements.</summary>
    private static int Accesses(Type type) => type == typeof(F64) ? 4 : type == typeof(F32) ? 2 : 1;

    private static string WideLoad(Type type) => IsOneByte(type) ? "ld.global.v2.b32" : "ld.global.v4.b32";

    private static string WideStore(Type type) => IsOneByte(type) ? "st.global.v2.b32" : "st.global.v4.b32";

    private static bool IsOneByte(Type type) => type.IsGenericType && type != typeof(SmallFloat<F16Format>);

    private static int Count(string ptx, string what) => Regex.Count(ptx, Regex.Escape(what));
}
