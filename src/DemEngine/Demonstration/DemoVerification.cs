using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Demonstration;

/// <summary>Reads an output again and compares every tensor with the hash in the manifest.</summary>
internal static class DemoVerification
{
    /// <summary>Verifies.</summary>
    /// <returns>Number of tensors.</returns>
    /// <exception cref="DemException">DEM4006.</exception>
    public static int Check(string folder, CancellationToken cancel)
    {
        using Checkpoint output = Checkpoint.Open(folder);
        using var scratch = new NativeBuffer(ContentHash.LeafBytes);
        Manifest manifest = Manifest.Read(folder);
        foreach (ManifestTensor expected in manifest.Tensors)
        {
            if (output.Find(expected.Name) is not { } tensor || Hash(tensor, scratch.Bytes, cancel) != expected.Hash)
                throw new DemException(ErrorCode.VerifyFailed, $"{folder}: {Quoted.Name(expected.Name)}");
        }

        return manifest.Tensors.Count;
    }

    private static string Hash(StoredTensor tensor, NativeBytes scratch, CancellationToken cancel)
    {
        int leafElements = ContentHash.LeafBytes / tensor.Spec.Type.Size;
        byte[] leaves = new byte[ContentHash.LeafCount(tensor.Spec.ByteLength) * ContentHash.HashBytes];
        for (long first = 0, leaf = 0; first < tensor.Spec.Shape.ElementCount; first += leafElements, leaf++)
        {
            cancel.ThrowIfCancellationRequested();
            int count = (int)Math.Min(leafElements, tensor.Spec.Shape.ElementCount - first);
            ContentHash.HashLeaves(tensor.Read(first, count, scratch).Bytes.Span, leaves.AsSpan((int)leaf * ContentHash.HashBytes));
        }

        return ContentHash.Finish(leaves);
    }
}
