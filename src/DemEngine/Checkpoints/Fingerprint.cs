using System.Buffers;
using System.IO.Hashing;
using System.Text;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>
/// Fingerprint that tells one checkpoint from another without reading all of it: XXH3-128 over every tensor's name, type, shape,
/// and its first, middle and last 4 KiB, in the order of the names. Of a checkpoint of more than 16,384 tensors, which has many
/// experts, it takes the middle 512 bytes of each, and so of a tensor that an adapter changes. It does not depend on how the
/// checkpoint is split into shards. Two checkpoints that differ only between the samples have the same fingerprint, but
/// fine-tuning changes nearly every element.
/// </summary>
internal static class Fingerprint
{
    private const int SampleBytes = 4096;
    private const int SamplesEach = 3;

    // Three samples of each of half a million tensors would be 6 GB, which takes longer than all else that a plan needs.
    private const int Many = 16384;
    private const int BytesOfMany = 512;

    // What an adapter changes is computed, and three samples of each of its tensors take longer than all else that a plan needs.
    private const int BytesOfAdapted = 512;

    // Where one tensor ends another mostly begins, so that samples of a few tensors together take fewer reads.
    private const int Together = 64;
    private const int Requests = 16;

    /// <summary>Computes the fingerprint of a checkpoint.</summary>
    /// <returns>Fingerprint as 32 hexadecimal digits.</returns>
    public static string Of(Checkpoint checkpoint)
    {
        var hash = new XxHash128();
        var text = new ArrayBufferWriter<byte>();
        var kinds = new Dictionary<(ElementType Type, TensorShape Shape), byte[]>();
        StoredTensor[] tensors = checkpoint.TensorsByName();
        Sampling sampling = tensors.Length > Many ? new(1, BytesOfMany) : new(SamplesEach, SampleBytes);
        byte[] memory = new byte[Together * sampling.Count * sampling.Bytes];
        var samples = new Sample[Together * sampling.Count];
        for (int start = 0; start < tensors.Length; start += Together)
        {
            Span<StoredTensor> together = tensors.AsSpan(start, Math.Min(Together, tensors.Length - start));
            Span<Sample> theirs = samples.AsSpan(0, together.Length * sampling.Count);
            Read(together, sampling, theirs, memory);
            for (int k = 0; k < theirs.Length; k++)
            {
                if (k % sampling.Count == 0)
                {
                    TensorSpec spec = theirs[k].Tensor.Spec;
                    if (!kinds.TryGetValue((spec.Type, spec.Shape), out byte[]? kind))
                    {
                        kind = Encoding.UTF8.GetBytes($"\n{spec.Type.SafetensorsName}\n{spec.Shape}\n");
                        kinds.Add((spec.Type, spec.Shape), kind);
                    }

                    text.ResetWrittenCount();
                    Encoding.UTF8.GetBytes(spec.Name, text);
                    text.Write(kind);
                    hash.Append(text.WrittenSpan);
                }

                hash.Append(memory.AsSpan(theirs[k].Place, theirs[k].Bytes));
            }
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    /// <summary>Computes the XXH3-128 hash of a whole file, such as a data set.</summary>
    /// <returns>Hash as 32 hexadecimal digits.</returns>
    /// <exception cref="DemException">DEM2022 (UnreadableFile): the file cannot be read.</exception>
    public static string OfFile(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            var hash = new XxHash128();
            hash.Append(file);
            return Convert.ToHexStringLower(hash.GetCurrentHash());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.UnreadableFile, $"{path}: {e.Message}", e) { Path = path };
        }
    }

    /// <summary>Reads the samples of some tensors, those that follow each other in a file at once.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="sampling">What is read of each.</param>
    /// <param name="samples">Receives the samples, in the order of the tensors.</param>
    /// <param name="memory">Receives their bytes.</param>
    private static void Read(
        ReadOnlySpan<StoredTensor> tensors, Sampling sampling, Span<Sample> samples, byte[] memory)
    {
        for (int k = 0; k < samples.Length; k++)
        {
            StoredTensor tensor = tensors[k / sampling.Count];
            int size = tensor.Spec.Type.Size;
            int part = sampling.Count == 1 ? 1 : k % sampling.Count;
            int bytes = tensor.Origin?.Adaptation is null ? sampling.Bytes : part == 1 ? BytesOfAdapted : 0;
            int count = (int)Math.Min(tensor.Spec.UnitCount, bytes / size);
            long last = tensor.Spec.UnitCount - count;
            long first = part switch { 0 => 0, 1 => last / 2, _ => last };
            samples[k] = new Sample(tensor, tensor.Offset + (first * size), count * size, Place: 0);
        }

        // The samples of a tensor are in the order of the file already.
        Span<int> tensorOrder = stackalloc int[Together];
        tensorOrder = tensorOrder[..tensors.Length];
        for (int k = 0; k < tensorOrder.Length; k++)
            tensorOrder[k] = k;
        StoredTensor[] all = tensors.ToArray();
        tensorOrder.Sort((a, b) => Compare(all[a], all[b]));
        Span<int> order = stackalloc int[Together * SamplesEach];
        order = order[..samples.Length];
        for (int k = 0; k < order.Length; k++)
            order[k] = (tensorOrder[k / sampling.Count] * sampling.Count) + (k % sampling.Count);
        int end = 0;
        var runs = new List<Sample>();
        for (int k = 0; k < order.Length;)
        {
            ref Sample first = ref samples[order[k]];
            first = first with { Place = end };
            long next = first.Offset + first.Bytes;
            for (k++; k < order.Length && samples[order[k]].Tensor.File == first.Tensor.File; k++)
            {
                // Samples overlap in tensors that are hardly larger than a sample, and are the same in smaller ones. Of tensors
                // that are views of the same bytes they are in no order.
                ref Sample sample = ref samples[order[k]];
                if (sample.Offset > next || sample.Offset < first.Offset)
                    break;
                sample = sample with { Place = end + (int)(sample.Offset - first.Offset) };
                next = Math.Max(next, sample.Offset + sample.Bytes);
            }

            int bytes = (int)(next - first.Offset);
            runs.Add(first with { Bytes = bytes });
            end += bytes;
        }

        Read(runs, memory);
    }

    // Each request to a store takes its time, so that several are made at once; a disk gains nothing by that.
    private static void Read(List<Sample> runs, byte[] memory)
    {
        int next = -1;
        WorkerThreads.Run(
            runs.Exists(run => run.Tensor.IsInStore) ? Math.Min(Requests, runs.Count) : 1,
            (_, stop) =>
            {
                for (int k; (k = Interlocked.Increment(ref next)) < runs.Count && !stop.IsCancellationRequested;)
                    runs[k].Tensor.PeekAt(runs[k].Offset, memory.AsSpan(runs[k].Place, runs[k].Bytes));
            },
            CancellationToken.None);
    }

    // Empty tensors come before the tensor that starts at the same offset.
    private static int Compare(StoredTensor a, StoredTensor b) => ReferenceEquals(a.File, b.File) || a.File == b.File
        ? (a.Offset, a.Spec.ByteLength).CompareTo((b.Offset, b.Spec.ByteLength))
        : string.CompareOrdinal(a.File, b.File);

    /// <summary>What is read of each tensor.</summary>
    /// <param name="Count">Number of samples: the middle one alone, or all three.</param>
    /// <param name="Bytes">Length of a sample, at most.</param>
    private readonly record struct Sampling(int Count, int Bytes);

    /// <summary>A part of a tensor.</summary>
    /// <param name="Tensor">The tensor.</param>
    /// <param name="Offset">Offset of the part in the tensor's file.</param>
    /// <param name="Bytes">Length of the part.</param>
    /// <param name="Place">Offset of the part in memory.</param>
    private readonly record struct Sample(StoredTensor Tensor, long Offset, int Bytes, int Place);
}
