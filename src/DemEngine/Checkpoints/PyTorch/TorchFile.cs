using System.Collections.Immutable;
using System.Text;
using DemEngine.Checkpoints.Pickles;
using DemEngine.Checkpoints.Shards;
using DemEngine.Errors;

namespace DemEngine.Checkpoints.PyTorch;

/// <summary>
/// The weights in a file that <c>torch.save</c> of PyTorch 1.6 and later wrote: a zip archive of a pickle, which is read as data
/// and never run, and of a file for each storage.
/// </summary>
/// <param name="Weights">The tensors, in the order of their data in the file.</param>
/// <param name="Remarks">Notes on where they were found, and on what was left out.</param>
/// <param name="Records">The files in the archive that hold the tensors.</param>
internal sealed record TorchFile(
    ImmutableArray<TorchWeight> Weights, ImmutableArray<string> Remarks, ImmutableArray<ArchiveRecord> Records)
{
    private const string Pickle = "/data.pkl";
    private const int LongestOrder = 16;

    /// <summary>
    /// Whether a file begins as such archives do. A header of safetensors can have a length that looks like it, and then begins.
    /// </summary>
    /// <param name="start">First bytes of the file.</param>
    public static bool IsArchive(ReadOnlySpan<byte> start) =>
        (start.StartsWith("PK\u0003\u0004"u8) && start is not [_, _, _, _, _, _, _, _, (byte)'{', ..])
        || start.StartsWith("PK\u0005\u0006"u8);

    /// <summary>Reads what tensors a file holds, and where. No tensor is read.</summary>
    /// <param name="file">The file.</param>
    /// <param name="isIndexed">Whether an index names the tensors, so that their names stay as they are.</param>
    /// <exception cref="DemException">
    /// DEM2041 to DEM2046 (BadTorchFile to BadTorchTensor), DEM2005 (DuplicateName) or DEM2026 (OptimizerState).
    /// </exception>
    public static TorchFile Read(IShardReader file, bool isIndexed)
    {
        ZipDirectory archive = ZipDirectory.Read(file);
        string[] roots = [.. archive.Entries.Select(entry => entry.Name)
            .Where(name => name.EndsWith(Pickle, StringComparison.Ordinal) && name.IndexOf('/') == name.Length - Pickle.Length)
            .Select(name => name[..^Pickle.Length])];
        if (roots is not [var root])
            throw NotRead(
                file,
                roots.Length == 0 ? "this is a zip archive, but not one of torch.save: there is no data.pkl in it"
                    : "this is a zip archive of several pickles",
                "Give the file with the model's weights; of a program or an export save its state_dict with torch.save.");
        if (archive.Find($"{root}/constants.pkl") is not null
            || archive.Entries.Any(entry => entry.Name.StartsWith($"{root}/code/", StringComparison.Ordinal)))
            throw NotRead(
                file,
                "this is a program of TorchScript, not weights alone",
                "Load it in Python with torch.jit.load, and save its weights with "
                + "safetensors.torch.save_file(dict(model.state_dict()), \"model.safetensors\").");
        CheckByteOrder(file, archive, root);
        var places = new TorchPlaces(file, archive, $"{root}/data/");
        ZipEntry pickle = archive.Find(root + Pickle)!;
        if (pickle.Length > PickleMachine.Longest)
            throw new DemException(
                ErrorCode.BadPickle,
                $"{file.Path}: the pickle has {pickle.Length} bytes, and one of weights has less than {PickleMachine.Longest}",
                remedy: "Save the weights alone, without what else the file holds.")
            {
                Path = file.Path,
            };
        object? value = PickleMachine.Read(archive.Read(pickle), file.Path, new TorchNames(file.Path));
        StateDict found = StateDict.Find(value, file.Path, isIndexed);
        ImmutableArray<TorchWeight> weights =
            [.. found.Tensors.Select(tensor => places.Of(tensor.Key, tensor.Value)).OrderBy(weight => weight.Order)];
        return new TorchFile(weights, [.. found.Remarks], places.Records);
    }

    // Files of before PyTorch 2.1 do not say their order, and are those of little-endian machines.
    private static void CheckByteOrder(IShardReader file, ZipDirectory archive, string root)
    {
        if (archive.Find($"{root}/byteorder") is not { } entry)
            return;
        string order = entry.Length <= LongestOrder ? Encoding.Latin1.GetString(archive.Read(entry)) : $"{entry.Length} bytes";
        if (order != "little")
            throw NotRead(
                file,
                $"its numbers are in the byte order {Quoted.Name(order)}",
                "Load it in Python with torch.load, which turns them round, and save it again on a little-endian machine.");
    }

    private static DemException NotRead(IShardReader file, string why, string remedy) =>
        new(ErrorCode.TorchFormNotRead, $"{file.Path}: {why}", remedy: remedy) { Path = file.Path };
}
