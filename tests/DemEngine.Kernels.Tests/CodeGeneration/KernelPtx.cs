using System.Reflection;
using DemEngine.Kernels.Deltas;
using DemEngine.Kernels.Elements;
using DemEngine.Kernels.Rows;
using DemEngine.Numerics.Elements;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;

namespace DemEngine.Kernels.Tests.CodeGeneration;

/// <summary>The kernels compiled for CUDA without a device, each once for all tests.</summary>
internal static class KernelPtx
{
    private static readonly Context Compiling = Context.Create(builder => builder.CPU().Optimize(OptimizationLevel.O2));
    private static readonly PTXBackend Backend = new(Compiling, CudaArchitecture.SM_80, CudaInstructionSet.ISA_80, null!);
    private static readonly Dictionary<MethodInfo, string> Compiled = [];

    public static IReadOnlyList<Type> Types =>
    [
        typeof(F64),
        typeof(F32),
        typeof(BF16),
        typeof(SmallFloat<F16Format>),
        typeof(SmallFloat<F8E4M3Format>),
        typeof(SmallFloat<F8E5M2Format>),
        typeof(SmallFloat<F8E4M3FnuzFormat>),
    ];

    public static string Combine(Type input, Type output) => Compile(typeof(CombineKernel), input, output);

    public static string SingleCombine(Type input, Type output) => Compile(typeof(SingleCombineKernel), input, output);

    public static string Convert(Type input, Type output) => Compile(typeof(ConvertKernel), input, output);

    public static string Extract(Type basis, Type tuned, Type output) => Compile(typeof(ExtractKernel), basis, tuned, output);

    public static string Gram(Type input) => Compile(typeof(GramKernel), input);

    public static string Mix(Type basis, Type output) => Compile(typeof(ConsensusKernel), basis, output);

    public static string Of(Type kernel) => Compile(kernel);

    /// <summary>The kernels that are not generic.</summary>
    public static IReadOnlyList<Type> Single =>
        [
            typeof(MaskKernel), typeof(VarianceKernel), typeof(CountKernel), typeof(SumKernel), typeof(OverlapKernel),
            typeof(RowSortKernel), typeof(RowRankKernel), typeof(DivergenceKernel), typeof(ThinProductKernel),
            typeof(ColumnGramKernel), typeof(ColumnCombineKernel),
        ];

    /// <summary>Every kernel with every combination of types that it may be compiled for.</summary>
    public static IEnumerable<(Type Kernel, Type[] Types)> Instances =>
    [
        .. Single.Select(kernel => (kernel, Type.EmptyTypes)),
        .. Types.Select(one => (typeof(GramKernel), new[] { one })),
        .. from kernel in new[] { typeof(CombineKernel), typeof(ConvertKernel), typeof(ConsensusKernel) }
           from input in Types
           from output in Types
           select (kernel, new[] { input, output }),
        .. from input in Types
           from output in new[] { typeof(BF16), typeof(SmallFloat<F16Format>) }
           where input != typeof(F64)
           select (typeof(SingleCombineKernel), new[] { input, output }),
        .. from basis in Types
           from tuned in Types
           from output in Types
           select (typeof(ExtractKernel), new[] { basis, tuned, output }),
    ];

    /// <summary>Name of an instance, such as <c>CombineKernel BF16 F32</c>.</summary>
    public static string NameOf(Type kernel, Type[] types) =>
        string.Join(' ', types.Select(type => type.IsGenericType ? type.GenericTypeArguments[0].Name.Replace("Format", "", StringComparison.Ordinal) : type.Name).Prepend(kernel.Name));

    public static string Of((Type Kernel, Type[] Types) instance) => Compile(instance.Kernel, instance.Types);

    private static string Compile(Type kernel, params Type[] types)
    {
        MethodInfo method = kernel.GetMethod("Run", BindingFlags.Static | BindingFlags.Public)!;
        method = types.Length > 0 ? method.MakeGenericMethod(types) : method;
        lock (Compiled)
        {
            if (!Compiled.TryGetValue(method, out string? ptx))
            {
                var compiled = (PTXCompiledKernel)Backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(method), KernelSpecialization.Empty);
                Compiled.Add(method, ptx = compiled.PTXAssembly);
            }

            return ptx;
        }
    }
}
