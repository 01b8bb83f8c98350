using System.Collections.Immutable;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>The forms of quantised weights that are read. A new one is a class of its own and its line here.</summary>
internal static class QuantizedForms
{
    /// <summary>All forms, in the order in which they claim tensors: those with names of their own first.</summary>
    public static ImmutableArray<IQuantizedForm> All { get; } =
    [
        new GptOssForm(),
        new GptqForm(),
        new AwqForm(),
        new BitsAndBytes4Form(),
        new BitsAndBytes8Form(),
        new PackedIntegerForm(),
        new PackedFloatForm(),
        new Int8Form(),
        new Fp8Form(),
    ];

    /// <summary>
    /// What <c>quant_method</c> or <c>quant_algo</c> may say for tensors of these forms to be read. Other methods can mean
    /// something else by the same names.
    /// </summary>
    public static bool IsKnownMethod(string? method) => method is null
        || Methods.Any(known => method.StartsWith(known, StringComparison.OrdinalIgnoreCase));

    private static readonly string[] Methods =
    [
        "fp8",
        "fbgemm_fp8",
        "finegrained_fp8",
        "compressed-tensors",
        "modelopt",
        "nvfp4",
        "mxfp4",
        "mxfp8",
        "bitsandbytes",
        "gptq",
        "awq",
        "2",
        "3",
        "4",
        "8",
    ];
}
