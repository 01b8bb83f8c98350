using System.Buffers;
using Apache.Arrow.Memory;

namespace DemEngine.Evaluation.Records;

/// <summary>
/// The memory that the columns of an Arrow file are read into. A compressed column says how long it is without compression, and
/// room is made for it before that shows to be true; so none is made for more than the file could hold.
/// </summary>
/// <param name="fileLength">Length of the file in bytes.</param>
internal sealed class ArrowRoom(long fileLength) : NativeMemoryAllocator
{
    // Four bytes make a block of 128 KiB at most (RFC 8878, 3.1.1.2.3); LZ4 makes less of them.
    private const long Expansion = 32768;

    protected override IMemoryOwner<byte> AllocateInternal(int length, out int bytesAllocated) =>
        length <= fileLength * Expansion
            ? base.AllocateInternal(length, out bytesAllocated)
            : throw new InvalidDataException($"a column of {length} bytes is compressed in a file of {fileLength}");
}
