using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Tests.PyTorch;

/// <summary>Files that PyTorch 2.14 itself has written, as the comments say.</summary>
public sealed class RealTorchFileTests
{
    // torch.save(OrderedDict(a=p, tied=p, turned=p.detach().t())) of p = Parameter(arange(6.).reshape(2, 3).bfloat16())
    private const string Parameters = """
        UEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAAKABgAYS9kYXRhLnBrbEZCFABaWlpaWlpaWlpaWlpaWlpaWlpaWoACY2NvbGxlY3Rpb25zCk9yZG
        VyZWREaWN0CnEAKVJxAShYAQAAAGFxAmN0b3JjaC5fdXRpbHMKX3JlYnVpbGRfcGFyYW1ldGVyCnEDY3RvcmNoLl91dGlscwpfcmVidWlsZF90
        ZW5zb3JfdjIKcQQoKFgHAAAAc3RvcmFnZXEFY3RvcmNoCkJGbG9hdDE2U3RvcmFnZQpxBlgBAAAAMHEHWAMAAABjcHVxCEsGdHEJUUsASwJLA4
        ZxCksDSwGGcQuJaAApUnEMdHENUnEOiGgAKVJxD4dxEFJxEVgEAAAAdGllZHESaBFYBgAAAHR1cm5lZHETaAQoKGgFaAZoB2gISwZ0cRRRSwBL
        A0sChnEVSwFLA4ZxFoloAClScRd0cRhScRl1LlBLBwiijr0lJgEAACYBAABQSwMEAAAICAAAAAAAAAAAAAAAAAAAAAAAABEAGwBhLy5mb3JtYX
        RfdmVyc2lvbkZCFwBaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWjFQSwcIt+/cgwEAAAABAAAAUEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAAUAD0A
        YS8uc3RvcmFnZV9hbGlnbm1lbnRGQjkAWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaNj
        RQSwcIP3dx6QIAAAACAAAAUEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAALAAUAYS9ieXRlb3JkZXJGQgEAWmxpdHRsZVBLBwiFPeMZBgAAAAYA
        AABQSwMEAAAICAAAAAAAAAAAAAAAAAAAAAAAAAgABABhL2RhdGEvMEZCAAAAAIA/AEBAQIBAoEBQSwcIsyHgOgwAAAAMAAAAUEsDBAAACAgAAA
        AAAAAAAAAAAAAAAAAAAAAJAD0AYS92ZXJzaW9uRkI5AFpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa
        WlpaWlpaWjMKUEsHCNGeZ1UCAAAAAgAAAFBLAwQAAAgIAAAAAAAAAAAAAAAAAAAAAAAAGAA4AGEvLmRhdGEvc2VyaWFsaXphdGlvbl9pZEZCNA
        BaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaMTU3MjgxOTk1MTE4NTQ2NDMwMjYwMzgwNjUwMzE4
        MDU3OTA0NzI0OVBLBwgy94qxKAAAACgAAABQSwECAAAAAAgIAAAAAAAAoo69JSYBAAAmAQAACgAAAAAAAAAAAAAAAAAAAAAAYS9kYXRhLnBrbF
        BLAQIAAAAACAgAAAAAAAC379yDAQAAAAEAAAARAAAAAAAAAAAAAAAAAHYBAABhLy5mb3JtYXRfdmVyc2lvblBLAQIAAAAACAgAAAAAAAA/d3Hp
        AgAAAAIAAAAUAAAAAAAAAAAAAAAAANEBAABhLy5zdG9yYWdlX2FsaWdubWVudFBLAQIAAAAACAgAAAAAAACFPeMZBgAAAAYAAAALAAAAAAAAAA
        AAAAAAAFICAABhL2J5dGVvcmRlclBLAQIAAAAACAgAAAAAAACzIeA6DAAAAAwAAAAIAAAAAAAAAAAAAAAAAJYCAABhL2RhdGEvMFBLAQIAAAAA
        CAgAAAAAAADRnmdVAgAAAAIAAAAJAAAAAAAAAAAAAAAAANwCAABhL3ZlcnNpb25QSwECAAAAAAgIAAAAAAAAMveKsSgAAAAoAAAAGAAAAAAAAA
        AAAAAAAABSAwAAYS8uZGF0YS9zZXJpYWxpemF0aW9uX2lkUEsGBiwAAAAAAAAAHgMtAAAAAAAAAAAABwAAAAAAAAAHAAAAAAAAAKUBAAAAAAAA
        +AMAAAAAAABQSwYHAAAAAJ0FAAAAAAAAAQAAAFBLBQYAAAAABwAHAKUBAAD4AwAAAAA=
        """;

    // torch.save({"state_dict": {"w": arange(6.).reshape(2, 3).to(float8_e5m2), "n": tensor(9)}, "epoch": 3,
    // "hyper_parameters": {"lr": 1e-4}}, pickle_protocol=5)
    private const string Nested = """
        UEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAAKABgAYi9kYXRhLnBrbEZCFABaWlpaWlpaWlpaWlpaWlpaWlpaWoAFlUoBAAAAAAAAfZQojApzdG
        F0ZV9kaWN0lH2UKIwBd5SMDHRvcmNoLl91dGlsc5SMEl9yZWJ1aWxkX3RlbnNvcl92M5STlCgojAdzdG9yYWdllIwNdG9yY2guc3RvcmFnZZSM
        DlVudHlwZWRTdG9yYWdllJOUjAEwlIwDY3B1lEsGdJRRSwBLAksDhpRLA0sBhpSJjAtjb2xsZWN0aW9uc5SMC09yZGVyZWREaWN0lJOUKVKUjA
        V0b3JjaJSMC2Zsb2F0OF9lNW0ylJOUdJRSlIwBbpRoBIwSX3JlYnVpbGRfdGVuc29yX3YylJOUKChoB4wFdG9yY2iUjAtMb25nU3RvcmFnZZST
        lIwBMZRoDEsBdJRRSwApKYloEilSlHSUUpR1jAVlcG9jaJRLA4wQaHlwZXJfcGFyYW1ldGVyc5R9lIwCbHKURz8aNuLrHEMtc3UuUEsHCBgcCF
        JVAQAAVQEAAFBLAwQAAAgIAAAAAAAAAAAAAAAAAAAAAAAAEQAsAGIvLmZvcm1hdF92ZXJzaW9uRkIoAFpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa
        WlpaWlpaWlpaWlpaWlpaWloxUEsHCLfv3IMBAAAAAQAAAFBLAwQAAAgIAAAAAAAAAAAAAAAAAAAAAAAAFAA9AGIvLnN0b3JhZ2VfYWxpZ25tZW
        50RkI5AFpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWjY0UEsHCD93cekCAAAAAgAAAFBL
        AwQAAAgIAAAAAAAAAAAAAAAAAAAAAAAACwAFAGIvYnl0ZW9yZGVyRkIBAFpsaXR0bGVQSwcIhT3jGQYAAAAGAAAAUEsDBAAACAgAAAAAAAAAAA
        AAAAAAAAAAAAAIAAQAYi9kYXRhLzBGQgAAADxAQkRFUEsHCKnKuq8GAAAABgAAAFBLAwQAAAgIAAAAAAAAAAAAAAAAAAAAAAAACAAEAGIvZGF0
        YS8xRkIAAAkAAAAAAAAAUEsHCELEbXoIAAAACAAAAFBLAwQAAAgIAAAAAAAAAAAAAAAAAAAAAAAACQBBAGIvdmVyc2lvbkZCPQBaWlpaWlpaWl
        paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaMwpQSwcI0Z5nVQIAAAACAAAAUEsDBAAACAgAAAAA
        AAAAAAAAAAAAAAAAAAAYADgAYi8uZGF0YS9zZXJpYWxpemF0aW9uX2lkRkI0AFpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWl
        paWlpaWlpaWlpaWlpaWlowNTYxMTA4NTIzNjE5NjcwNTI5NDA1NjQ2MTkyMTg4OTk2MjkyMTYyUEsHCMvBs2MoAAAAKAAAAFBLAQIAAAAACAgA
        AAAAAAAYHAhSVQEAAFUBAAAKAAAAAAAAAAAAAAAAAAAAAABiL2RhdGEucGtsUEsBAgAAAAAICAAAAAAAALfv3IMBAAAAAQAAABEAAAAAAAAAAA
        AAAAAApQEAAGIvLmZvcm1hdF92ZXJzaW9uUEsBAgAAAAAICAAAAAAAAD93cekCAAAAAgAAABQAAAAAAAAAAAAAAAAAEQIAAGIvLnN0b3JhZ2Vf
        YWxpZ25tZW50UEsBAgAAAAAICAAAAAAAAIU94xkGAAAABgAAAAsAAAAAAAAAAAAAAAAAkgIAAGIvYnl0ZW9yZGVyUEsBAgAAAAAICAAAAAAAAK
        nKuq8GAAAABgAAAAgAAAAAAAAAAAAAAAAA1gIAAGIvZGF0YS8wUEsBAgAAAAAICAAAAAAAAELEbXoIAAAACAAAAAgAAAAAAAAAAAAAAAAAFgMA
        AGIvZGF0YS8xUEsBAgAAAAAICAAAAAAAANGeZ1UCAAAAAgAAAAkAAAAAAAAAAAAAAAAAWAMAAGIvdmVyc2lvblBLAQIAAAAACAgAAAAAAADLwb
        NjKAAAACgAAAAYAAAAAAAAAAAAAAAAANIDAABiLy5kYXRhL3NlcmlhbGl6YXRpb25faWRQSwYGLAAAAAAAAAAeAy0AAAAAAAAAAAAIAAAAAAAA
        AAgAAAAAAAAA2wEAAAAAAAB4BAAAAAAAAFBLBgcAAAAAUwYAAAAAAAABAAAAUEsFBgAAAAAIAAgA2wEAAHgEAAAAAA==
        """;

    // torch.save({"w": arange(6.).reshape(2, 3).half()[:, 1:], "u": tensor([1, 65535]).to(uint16)}, pickle_protocol=4)
    private const string Sliced = """
        UEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAAKABgAYy9kYXRhLnBrbEZCFABaWlpaWlpaWlpaWlpaWlpaWlpaWoAElQwBAAAAAAAAfZQojAF3lI
        wMdG9yY2guX3V0aWxzlIwSX3JlYnVpbGRfdGVuc29yX3YylJOUKCiMB3N0b3JhZ2WUjAV0b3JjaJSMC0hhbGZTdG9yYWdllJOUjAEwlIwDY3B1
        lEsGdJRRSwFLAksChpRLA0sBhpSJjAtjb2xsZWN0aW9uc5SMC09yZGVyZWREaWN0lJOUKVKUdJRSlIwBdZRoAowSX3JlYnVpbGRfdGVuc29yX3
        YzlJOUKChoBYwNdG9yY2guc3RvcmFnZZSMDlVudHlwZWRTdG9yYWdllJOUjAExlGgKSwR0lFFLAEsChZRLAYWUiWgQKVKUjAV0b3JjaJSMBnVp
        bnQxNpSTlHSUUpR1LlBLBwgqewqEFwEAABcBAABQSwMEAAAICAAAAAAAAAAAAAAAAAAAAAAAABEAKgBjLy5mb3JtYXRfdmVyc2lvbkZCJgBaWl
        paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWjFQSwcIt+/cgwEAAAABAAAAUEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAAUAD0A
        Yy8uc3RvcmFnZV9hbGlnbm1lbnRGQjkAWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaNj
        RQSwcIP3dx6QIAAAACAAAAUEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAALAAUAYy9ieXRlb3JkZXJGQgEAWmxpdHRsZVBLBwiFPeMZBgAAAAYA
        AABQSwMEAAAICAAAAAAAAAAAAAAAAAAAAAAAAAgABABjL2RhdGEvMEZCAAAAAAA8AEAAQgBEAEVQSwcI+hvNpAwAAAAMAAAAUEsDBAAACAgAAA
        AAAAAAAAAAAAAAAAAAAAAIAD4AYy9kYXRhLzFGQjoAWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa
        WlpaWlpaWgEA//9QSwcIhqreJwQAAAAEAAAAUEsDBAAACAgAAAAAAAAAAAAAAAAAAAAAAAAJAAUAYy92ZXJzaW9uRkIBAFozClBLBwjRnmdVAg
        AAAAIAAABQSwMEAAAICAAAAAAAAAAAAAAAAAAAAAAAABgAOABjLy5kYXRhL3NlcmlhbGl6YXRpb25faWRGQjQAWlpaWlpaWlpaWlpaWlpaWlpa
        WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWjA1NjExMDg1MjM2MTk2NzA1Mjk0MTQ2MDQwMTczMTY0NjQ3NDE4NTZQSwcIdiwlHS
        gAAAAoAAAAUEsBAgAAAAAICAAAAAAAACp7CoQXAQAAFwEAAAoAAAAAAAAAAAAAAAAAAAAAAGMvZGF0YS5wa2xQSwECAAAAAAgIAAAAAAAAt+/c
        gwEAAAABAAAAEQAAAAAAAAAAAAAAAABnAQAAYy8uZm9ybWF0X3ZlcnNpb25QSwECAAAAAAgIAAAAAAAAP3dx6QIAAAACAAAAFAAAAAAAAAAAAA
        AAAADRAQAAYy8uc3RvcmFnZV9hbGlnbm1lbnRQSwECAAAAAAgIAAAAAAAAhT3jGQYAAAAGAAAACwAAAAAAAAAAAAAAAABSAgAAYy9ieXRlb3Jk
        ZXJQSwECAAAAAAgIAAAAAAAA+hvNpAwAAAAMAAAACAAAAAAAAAAAAAAAAACWAgAAYy9kYXRhLzBQSwECAAAAAAgIAAAAAAAAhqreJwQAAAAEAA
        AACAAAAAAAAAAAAAAAAADcAgAAYy9kYXRhLzFQSwECAAAAAAgIAAAAAAAA0Z5nVQIAAAACAAAACQAAAAAAAAAAAAAAAABUAwAAYy92ZXJzaW9u
        UEsBAgAAAAAICAAAAAAAAHYsJR0oAAAAKAAAABgAAAAAAAAAAAAAAAAAkgMAAGMvLmRhdGEvc2VyaWFsaXphdGlvbl9pZFBLBgYsAAAAAAAAAB
        4DLQAAAAAAAAAAAAgAAAAAAAAACAAAAAAAAADbAQAAAAAAADgEAAAAAAAAUEsGBwAAAAATBgAAAAAAAAEAAABQSwUGAAAAAAgACADbAQAAOAQA
        AAAA
        """;

    // torch.save({"w": zeros(1)}, _use_new_zipfile_serialization=False)
    private const string Legacy = """
        gAKKCmz8nEb5IGqoUBkugAJN6QMugAJ9cQAoWBAAAABwcm90b2NvbF92ZXJzaW9ucQFN6QNYDQAAAGxpdHRsZV9lbmRpYW5xAohYCgAAAHR5cG
        Vfc2l6ZXNxA31xBChYBQAAAHNob3J0cQVLAlgDAAAAaW50cQZLBFgEAAAAbG9uZ3EHSwR1dS6AAn1xAFgBAAAAd3EBY3RvcmNoLl91dGlscwpf
        cmVidWlsZF90ZW5zb3JfdjIKcQIoKFgHAAAAc3RvcmFnZXEDY3RvcmNoCkZsb2F0U3RvcmFnZQpxBFgJAAAANTc2MzI3OTg0cQVYAwAAAGNwdX
        EGSwFOdHEHUUsASwGFcQhLAYVxCYljY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcQopUnELdHEMUnENcy6AAl1xAFgJAAAANTc2MzI3OTg0cQFh
        LgEAAAAAAAAAAAAAAA==
        """;

    private TempFolder _folder = null!;

    /// <summary>Those that are read.</summary>
    internal static byte[][] Fixtures => [.. new[] { Parameters, Nested, Sliced }.Select(Convert.FromBase64String)];

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Parameters_ties_and_turned_matrices_are_read([Values] IoMode io)
    {
        using Checkpoint checkpoint = Open(Parameters, io);
        byte[] stored = BFloat16(0, 1, 2, 3, 4, 5);
        Assert.That(checkpoint.Tensors.Select(tensor => tensor.Spec.Name), Is.EquivalentTo(new[] { "a", "tied", "turned" }));
        Assert.That(TorchFileTests.Bytes(checkpoint.Find("a")!), Is.EqualTo(stored));
        Assert.That(TorchFileTests.Bytes(checkpoint.Find("tied")!), Is.EqualTo(stored));
        Assert.That(checkpoint.Find("turned")!.Spec, Is.EqualTo(new TensorSpec("turned", ElementType.BF16, new TensorShape(3, 2))));
        Assert.That(TorchFileTests.Bytes(checkpoint.Find("turned")!), Is.EqualTo(BFloat16(0, 3, 1, 4, 2, 5)));
    }

    [Test]
    public void A_training_checkpoint_of_protocol_5_is_read([Values] IoMode io)
    {
        using Checkpoint checkpoint = Open(Nested, io);
        Assert.That(checkpoint.Find("w")!.Spec.Type, Is.EqualTo(ElementType.F8E5M2));
        Assert.That(TorchFileTests.Bytes(checkpoint.Find("w")!), Is.EqualTo(new byte[] { 0, 0x3c, 0x40, 0x42, 0x44, 0x45 }));
        Assert.That(TorchFileTests.Bytes(checkpoint.Find("n")!), Is.EqualTo(BitConverter.GetBytes(9L)));
        Assert.That(checkpoint.Find("n")!.Spec.Shape.Dimensions, Is.Empty);
        Assert.That(checkpoint.DecodingRemarks.Single(), Does.Contain("\"epoch\", \"hyper_parameters\""));
    }

    [Test]
    public void Slices_and_unsigned_integers_of_protocol_4_are_read([Values] IoMode io)
    {
        using Checkpoint checkpoint = Open(Sliced, io);
        Assert.That(TorchFileTests.Bytes(checkpoint.Find("w")!), Is.EqualTo(new[] { 1, 2, 4, 5 }.SelectMany(k => BitConverter.GetBytes((Half)k))));
        Assert.That(checkpoint.Find("u")!.Spec.Type, Is.EqualTo(ElementType.U16));
        Assert.That(TorchFileTests.Bytes(checkpoint.Find("u")!), Is.EqualTo(new byte[] { 1, 0, 255, 255 }));
    }

    [Test]
    public void The_form_of_before_version_1_6_is_refused_with_what_to_do()
    {
        DemException error = Assert.Throws<DemException>(() => Open(Legacy, IoMode.Mmap).Dispose())!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.TorchFormNotRead));
        Assert.That(error.Message, Does.Contain("before PyTorch 1.6"));
        Assert.That(error.Remedy, Does.Contain("weights_only=True").And.Contain("torch.save"));
    }

    private Checkpoint Open(string file, IoMode io) => Checkpoint.Open(_folder.Write("x.pt", Convert.FromBase64String(file)), io);

    private static byte[] BFloat16(params int[] numbers) =>
        [.. numbers.SelectMany(number => BitConverter.GetBytes((float)number)[2..])];
}
