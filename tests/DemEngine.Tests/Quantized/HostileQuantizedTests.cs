using System.Text.RegularExpressions;
using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Quantized;

/// <summary>Quantised models whose parts are missing, do not fit, or hold no numbers.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class HostileQuantizedTests
{
    private const string Recipe = "merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]";
    private const string Module = "model.layers.0.mlp.up_proj";

    private static readonly (TensorSpec Spec, byte[] Bytes) Norm = Values.Tensor("model.norm.weight", ElementType.BF16, [4], 1, 2, 3, 4);

    // For each case: the form whose tensors are disturbed, the tensor, and what becomes of it; no type leaves it out.
    private static IEnumerable<object[]> Shapes =>
    [
        ["NF4", "up_proj.weight.absmax", null!, Array.Empty<long>(), ErrorCode.MissingScale],
        ["NF4", "up_proj.weight.quant_map", null!, Array.Empty<long>(), ErrorCode.MissingScale],
        ["NF4", "up_proj.weight.absmax", ElementType.F32, new long[] { 3 }, ErrorCode.QuantizedShape],
        ["NF4", "up_proj.weight", ElementType.U8, new long[] { 160, 1 }, ErrorCode.QuantizedShape],
        ["FP4 with double quantisation", "up_proj.weight.nested_absmax", ElementType.F32, new long[] { 1 }, ErrorCode.QuantizedShape],
        ["FP4 with double quantisation", "up_proj.weight.nested_quant_map", null!, Array.Empty<long>(), ErrorCode.MissingScale],
        ["bitsandbytes int8", "up_proj.SCB", ElementType.F32, new long[] { 69 }, ErrorCode.QuantizedShape],
        ["gpt-oss", "down_proj_scales", null!, Array.Empty<long>(), ErrorCode.MissingScale],
        ["gpt-oss", "down_proj_scales", ElementType.U8, new long[] { 2, 3, 2 }, ErrorCode.QuantizedShape],
        ["AWQ", "up_proj.scales", null!, Array.Empty<long>(), ErrorCode.MissingScale],
        ["AWQ", "up_proj.qzeros", ElementType.I32, new long[] { 2, 5 }, ErrorCode.QuantizedShape],
        ["GPTQ 4 bits, format 1, act-order", "up_proj.qzeros", null!, Array.Empty<long>(), ErrorCode.MissingScale],
        ["GPTQ 4 bits, format 1, act-order", "up_proj.g_idx", ElementType.I32, new long[] { 95 }, ErrorCode.QuantizedShape],
        ["GPTQ 4 bits, format 1, act-order", "up_proj.scales", ElementType.F16, new long[] { 3, 63 }, ErrorCode.QuantizedShape],
        ["int4 of compressed-tensors, symmetric", "up_proj.weight_shape", null!, Array.Empty<long>(), ErrorCode.MissingScale],
        ["int4 of compressed-tensors, symmetric", "up_proj.weight_scale", ElementType.BF16, new long[] { 20, 3 }, ErrorCode.QuantizedShape],
        ["int4 of compressed-tensors, with zero points", "up_proj.weight_zero_point", ElementType.I32, new long[] { 2, 3 }, ErrorCode.QuantizedShape],
        ["NVFP4 of the Model Optimizer", "up_proj.weight_scale_2", null!, Array.Empty<long>(), ErrorCode.MissingScale],
        ["NVFP4 of the Model Optimizer", "up_proj.weight_scale", ElementType.F8E4M3, new long[] { 6, 5 }, ErrorCode.QuantizedShape],
        ["MXFP4 of compressed-tensors", "up_proj.weight_scale", ElementType.U8, new long[] { 6, 2 }, ErrorCode.QuantizedShape],
        ["FP8 by ragged blocks of 128 × 128", "up_proj.weight_scale_inv", ElementType.F32, new long[] { 4, 2 }, ErrorCode.QuantizedShape],
        ["FP8 by ragged blocks of 128 × 128", "up_proj.weight_scale_inv", ElementType.I32, new long[] { 3, 2 }, ErrorCode.QuantizedShape],
        ["MXFP8", "up_proj.weight_scale", ElementType.U8, new long[] { 6, 1 }, ErrorCode.QuantizedShape],
        ["int8 W8A8", "up_proj.weight_scale", ElementType.BF16, new long[] { 71, 1 }, ErrorCode.QuantizedShape],
    ];

    [TestCaseSource(nameof(Shapes))]
    public void Parts_that_are_missing_or_do_not_fit_are_named(string form, string part, ElementType? type, long[] shape, ErrorCode code)
    {
        QuantizedCase one = QuantizedCases.All.First(known => known.Form == form);
        Assert.That(one.Stored.Any(tensor => tensor.Spec.Name.EndsWith(part, StringComparison.Ordinal)), "the case has the part");
        (TensorSpec Spec, byte[] Bytes)[] tensors =
        [
            .. one.Stored.Where(tensor => !tensor.Spec.Name.EndsWith(part, StringComparison.Ordinal) || type is not null)
                .Select(tensor => tensor.Spec.Name.EndsWith(part, StringComparison.Ordinal)
                    ? TestCheckpoint.Tensor(tensor.Spec.Name, type!.Value, shape)
                    : tensor),
        ];
        using ModelFolder folder = Folder(one, tensors);
        DemException error = Failing.With(code, () => folder.Merge(Recipe));
        Assert.That(error.Message, Does.Contain(one.Name[..^7]), "it names a tensor of the matrix");
    }

    [TestCase("FP8 by ragged blocks of 128 × 128", "up_proj.weight_scale_inv", new byte[] { 0, 0, 0xC0, 0x7F })]
    [TestCase("FP8 by channel", "up_proj.weight_scale", new byte[] { 0x80, 0x7F })]
    [TestCase("MXFP8", "up_proj.weight_scale", new byte[] { 0xFF })]
    [TestCase("gpt-oss", "down_proj_scales", new byte[] { 0xFF })]
    [TestCase("NVFP4 of the Model Optimizer", "up_proj.weight_scale_2", new byte[] { 0, 0, 0x80, 0x7F })]
    [TestCase("NVFP4 of compressed-tensors", "up_proj.weight_global_scale", new byte[] { 0, 0, 0, 0 })]
    [TestCase("bitsandbytes int8", "up_proj.SCB", new byte[] { 0, 0, 0x80, 0xFF })]
    [TestCase("FP4 with double quantisation", "up_proj.weight.nested_absmax", new byte[] { 0, 0, 0xC0, 0x7F })]
    [TestCase("AWQ", "up_proj.scales", new byte[] { 0, 0x7E })]
    [TestCase("GPTQ 8 bits, format 1", "up_proj.scales", new byte[] { 0, 0x7C })]
    [TestCase("int4 of compressed-tensors, symmetric", "up_proj.weight_scale", new byte[] { 0xC0, 0x7F })]
    public void Scales_that_are_no_numbers_are_named(string form, string part, byte[] scale)
    {
        QuantizedCase one = QuantizedCases.All.First(known => known.Form == form);
        byte[] bytes = one.Stored.Single(tensor => tensor.Spec.Name.EndsWith(part, StringComparison.Ordinal)).Bytes;
        scale.CopyTo(bytes, 0);
        using ModelFolder folder = Folder(one, one.Stored);
        DemException error = Failing.With(ErrorCode.BadScale, () => folder.Merge(Recipe));
        Assert.That(error.Message, Does.Contain("_proj"));
    }

    [TestCase(3)]
    [TestCase(-1)]
    [TestCase(int.MaxValue)]
    public void A_group_index_outside_the_groups_is_named(int group)
    {
        QuantizedCase one = QuantizedCases.All.First(known => known.Form == "GPTQ 4 bits, format 1, act-order");
        byte[] index = one.Stored.Single(tensor => tensor.Spec.Name == $"{Module}.g_idx").Bytes;
        BitConverter.GetBytes(group).CopyTo(index, 20);
        using ModelFolder folder = Folder(one, one.Stored);
        DemException error = Failing.With(ErrorCode.BadGroupIndex, () => folder.Merge(Recipe));
        Assert.That(error.Message, Does.Contain("g_idx").And.Contain("input 5"));
    }

    [TestCase("\"bits\": 5, \"group_size\": 32")]
    [TestCase("\"bits\": 4, \"group_size\": 0")]
    [TestCase("\"bits\": 4, \"group_size\": -7")]
    [TestCase("\"bits\": 4, \"group_size\": 64")]
    [TestCase("\"bits\": 2, \"group_size\": 32")]
    public void A_configuration_that_contradicts_the_tensors_is_named(string settings)
    {
        QuantizedCase one = QuantizedCases.All.First(known => known.Form == "GPTQ 4 bits, format 1, act-order");
        one = one with { Config = "{\"quantization_config\": {\"quant_method\": \"gptq\", " + settings + "}}" };
        using ModelFolder folder = Folder(one, one.Stored);
        Failing.With(ErrorCode.QuantizedShape, () => folder.Merge(Recipe));
    }

    [Test]
    public void A_matrix_of_FP8_without_a_scale_among_others_with_one_is_named()
    {
        QuantizedCase one = QuantizedCases.All.First(known => known.Form == "FP8 by channel");
        using ModelFolder folder = Folder(one, [.. one.Stored, TestCheckpoint.Tensor("model.layers.0.mlp.down_proj.weight", ElementType.F8E4M3, [4, 4])]);
        Assert.That(Failing.With(ErrorCode.MissingScale, () => folder.Merge(Recipe)).Message, Does.Contain("down_proj"));
    }

    [TestCase("""{"quantization_config": {"quant_method": "aqlm"}}""")]
    [TestCase("""{"quantization_config": {"quant_method": "compressed-tensors", "transform_config": {"config_groups": {"R1": {}}}}}""")]
    public void Methods_that_mean_something_else_by_the_same_names_are_refused(string config)
    {
        QuantizedCase one = QuantizedCases.All.First(known => known.Form == "FP8 by channel") with { Config = config };
        using ModelFolder folder = Folder(one, one.Stored);
        Failing.With(ErrorCode.Quantized, () => folder.Merge(Recipe));
    }

    private static IEnumerable<string> Forms => QuantizedCases.All.Select(one => one.Form);

    [TestCaseSource(nameof(Forms))]
    public void Whatever_is_disturbed_ends_in_a_result_or_a_named_error(string form)
    {
        QuantizedCase one = QuantizedCases.All.First(known => known.Form == form);
        var random = new Random(one.Form.Length);
        int refused = 0;
        for (int round = 0; round < 15; round++)
        {
            (TensorSpec Spec, byte[] Bytes)[] tensors = [.. one.Stored];
            string? config = one.Config;
            for (int changes = random.Next(1, 3); changes > 0; changes--)
            {
                int k = random.Next(tensors.Length);
                (TensorSpec spec, byte[] bytes) = tensors[k];
                switch (random.Next(config is null ? 4 : 5))
                {
                    case 0:
                        ElementType[] types = [ElementType.U8, ElementType.I32, ElementType.F16, ElementType.F32, ElementType.BF16, ElementType.F8E4M3, ElementType.I64];
                        tensors[k] = TestCheckpoint.Tensor(spec.Name, types[random.Next(types.Length)], [.. spec.Shape.Dimensions]);
                        break;
                    case 1:
                        long[] sizes = [.. spec.Shape.Dimensions, .. random.Next(4) == 0 ? new long[] { 1 } : []];
                        if (sizes.Length > 0)
                            sizes[random.Next(sizes.Length)] = random.Next(4) switch { 0 => 0, 1 => 1, 2 => sizes[0] + 1, _ => sizes[^1] * 2 };
                        tensors[k] = TestCheckpoint.Tensor(spec.Name, spec.Type, sizes);
                        break;
                    case 2:
                        byte[] noise = new byte[bytes.Length];
                        random.NextBytes(noise);
                        tensors[k] = (spec, noise);
                        break;
                    case 3:
                        tensors = [.. tensors.Where((_, at) => at != k)];
                        break;
                    default:
                        string[] values = ["0", "-1", "2147483648", "1e30", "\"x\"", "null", "[]", "[0, 0]", "[-1, 9223372036854775807]", "{}", "true", "9223372036854775807"];
                        config = Regex.Replace(config!, "[0-9]+|\\[[^]]*\\]", match => random.Next(2) == 0 ? values[random.Next(values.Length)] : match.Value);
                        break;
                }

                if (tensors.Length == 0)
                    break;
            }

            using ModelFolder folder = Folder(one with { Config = config }, tensors);
            try
            {
                folder.Merge(Recipe);
            }
            catch (DemException e)
            {
                refused++;
                Assert.That(e.Code, Is.Not.SameAs(ErrorCode.Internal), e.ToString());
            }
        }

        Assert.That(refused, Is.GreaterThan(2));
    }

    private static ModelFolder Folder(QuantizedCase one, (TensorSpec Spec, byte[] Bytes)[] tensors)
    {
        ModelFolder folder = new ModelFolder().Model("a", [Norm, .. tensors]);
        if (one.Config is not null)
            folder.File("a", "config.json", one.Config);
        return folder;
    }
}
