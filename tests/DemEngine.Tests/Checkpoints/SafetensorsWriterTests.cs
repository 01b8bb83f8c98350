using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Tests.Checkpoints;

public class SafetensorsWriterTests
{
    [Test]
    public void What_is_written_opens_with_the_same_tensors_and_metadata()
    {
        using var folder = new TempFolder();
        (TensorSpec Spec, byte[] Bytes)[] tensors =
        [
            TestCheckpoint.Tensor("half", ElementType.BF16, [3, 5]),
            TestCheckpoint.Tensor("more than one part", ElementType.F32, [700, 401]),
            TestCheckpoint.Tensor("none", ElementType.F64, [0, 4]),
        ];
        TestCheckpoint.Write(folder.PathOf("source"), tensors);
        using Checkpoint source = Checkpoint.Open(folder.PathOf("source"));
        string path = folder.PathOf("state.safetensors");
        File.WriteAllText(path, "what was there before");

        SafetensorsWriter.Write(path, [.. source.Tensors], new Dictionary<string, string> { ["step"] = "12" });

        using Checkpoint written = Checkpoint.Open(path);
        Assert.That(written.Metadata["step"], Is.EqualTo("12"));
        Assert.That(written.Tensors.Select(tensor => tensor.Spec), Is.EquivalentTo(tensors.Select(tensor => tensor.Spec)));
        foreach (var (spec, bytes) in tensors)
            Assert.That(written.Find(spec.Name)!.Read(0, (int)spec.UnitCount, default).Bytes.Span.ToArray(), Is.EqualTo(bytes), spec.Name);
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(path)!).Select(Path.GetFileName), Is.EqualTo(["state.safetensors"]), "nothing is left beside it");
    }

    [Test]
    public void A_folder_that_is_not_there_is_a_named_error()
    {
        using var folder = new TempFolder();
        DemException e = Assert.Throws<DemException>(() => SafetensorsWriter.Write(folder.PathOf("nowhere/state.safetensors"), []))!;
        Assert.That(e.Code, Is.EqualTo(ErrorCode.WriteFailed));
        Assert.That(e.Message, Does.Contain("nowhere"));
    }
}
