using System.Collections.Immutable;
using System.Globalization;
using DemEngine.Checkpoints.Folders;
using DemEngine.Checkpoints.Gguf;
using DemEngine.Checkpoints.Quantized;
using DemEngine.Errors;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.GgufModels;

/// <summary>The model that GGUF files hold, in Hugging Face's layout.</summary>
internal static class GgufModel
{
    // No mixture has as many experts in a layer, or in all layers.
    private const int MostExperts = 1 << 13;
    private const int MostTensors = 1 << 22;

    /// <summary>Translates the tensors of GGUF files.</summary>
    /// <param name="stored">The checkpoint as it is stored.</param>
    /// <param name="headers">Headers of its files, in their order.</param>
    /// <param name="remarks">Receives notes on what is left out.</param>
    /// <param name="files">Receives the small files, with a configuration made from the metadata where there is none.</param>
    /// <returns>The tensors in the order of the files.</returns>
    /// <exception cref="DemException">
    /// DEM2036 (BadGguf): the metadata contradict the tensors. DEM2037 (UnknownGguf): the architecture or a tensor is not known.
    /// </exception>
    public static ImmutableArray<DecodedTensor> Decode(
        Checkpoint stored, ImmutableArray<GgufHeader> headers, List<string> remarks, out FolderFiles files)
    {
        GgufHeader header = headers[0];
        string? name = header.Text("general.architecture");
        GgufArchitecture architecture = GgufArchitecture.Find(name) ?? throw new DemException(
            ErrorCode.UnknownGguf,
            $"{stored.Path}: the architecture {Quoted.Name(name ?? "")} of llama.cpp is not read; read are "
            + string.Join(", ", GgufArchitecture.All.Select(one => one.Name)))
        {
            Path = stored.Path,
        };
        Dictionary<string, GgufTensor> infos = headers.SelectMany(one => one.Tensors)
            .ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        ElementType type = TypeOf(infos.Values);
        long heads = header.Number($"{name}.attention.head_count") ?? 0;
        long keyHeads = header.Number($"{name}.attention.head_count_kv") ?? heads;
        var decoded = ImmutableArray.CreateBuilder<DecodedTensor>();
        foreach (StoredTensor tensor in stored.Tensors)
        {
            GgufTensor info = infos[tensor.Spec.Name];
            if (GgufNames.IsDerived(info.Name))
            {
                remarks.Add($"{stored.Path}: {Quoted.Name(info.Name)} follows from the configuration and is left out");
                continue;
            }

            GgufName target = GgufNames.Translate(info.Name, architecture) ?? throw new DemException(
                ErrorCode.UnknownGguf, $"{stored.Path}: tensor {Quoted.Name(info.Name)} has no known place in a model of {name}")
            {
                Path = stored.Path,
                Tensor = info.Name,
            };
            var shape = new TensorShape(info.Dimensions);
            decoded.AddRange(Decode(tensor, info, shape, target, architecture, type, target.IsQuery ? heads : keyHeads));
            if (decoded.Count > MostTensors)
                throw new DemException(ErrorCode.BadGguf, $"{stored.Path}: the file holds more than {MostTensors} experts")
                {
                    Path = stored.Path,
                };
        }

        files = stored.ReadSideFiles();
        if (!files.Files.ContainsKey(ModelConfig.FileName))
        {
            files = files with
            {
                Files = new Dictionary<string, byte[]>(files.Files, StringComparer.Ordinal)
                {
                    [ModelConfig.FileName] =
                        GgufConfig.Write(header, architecture, [.. decoded.Select(tensor => tensor.Spec)], type),
                },
            };
            remarks.Add($"{stored.Path}: config.json is made from the file's metadata");
        }

        return decoded.ToImmutable();
    }

    private static IEnumerable<DecodedTensor> Decode(
        StoredTensor stored,
        GgufTensor info,
        TensorShape whole,
        GgufName target,
        GgufArchitecture architecture,
        ElementType type,
        long heads)
    {
        if (info.Plain is { IsFloat: false } or ElementType.F64)
            throw new DemException(
                ErrorCode.UnknownGguf, $"{stored.File}: tensor {Quoted.Name(info.Name)} is {info.Plain.Value.SafetensorsName}")
            {
                Path = stored.File,
                Tensor = info.Name,
            };
        long permuted = architecture.IsPermuted && (target.IsQuery || target.IsKey) ? heads : 0;
        if (permuted < 0 || permuted > whole.Rows || (permuted > 0 && whole.Rows % (2 * permuted) != 0)
            || (permuted == 0 && architecture.IsPermuted && (target.IsQuery || target.IsKey)))
            throw new DemException(
                ErrorCode.BadGguf,
                $"{stored.File}: tensor {Quoted.Name(info.Name)} has {whole.Rows} rows, which do not divide into {heads} heads")
            {
                Path = stored.File,
                Tensor = info.Name,
            };

        // Vectors are kept in F32 by the converter, and taken as they are.
        ElementType modelType = info.Dimensions.Length < 2 && info.Plain == ElementType.F32 ? ElementType.F32 : type;
        float offset = target.IsNorm ? -architecture.NormOffset : 0;
        var blocks = new BlockTensor(stored, info.Format);
        if (!target.IsStacked)
            return [new GgufDecodedTensor(blocks, target.Name, whole, modelType, 0, permuted, offset)];
        if (info.Dimensions.Length < 2 || whole.Rows > MostExperts)
            throw new DemException(ErrorCode.BadGguf, $"{stored.File}: tensor {Quoted.Name(info.Name)} is {whole}, no experts")
            {
                Path = stored.File,
                Tensor = info.Name,
            };
        var shape = new TensorShape(whole.Dimensions.RemoveAt(0));
        return Enumerable.Range(0, (int)whole.Rows).Select(expert => new GgufDecodedTensor(
            blocks,
            target.Name.Replace("{0}", expert.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal),
            shape,
            modelType,
            expert * shape.ElementCount,
            heads: 0,
            offset));
    }

    private static ElementType TypeOf(IEnumerable<GgufTensor> tensors)
    {
        GgufTensor[] matrices = [.. tensors.Where(tensor => tensor.Dimensions.Length > 1)];
        return matrices.All(tensor => tensor.Plain == ElementType.F32) ? ElementType.F32
            : matrices.Any(tensor => tensor.Plain == ElementType.F16) && matrices.All(tensor => tensor.Plain is not null)
                ? ElementType.F16
            : ElementType.BF16;
    }
}
