using System.Globalization;
using System.Security.Cryptography;
using NuGet.Packaging;

namespace DemEngine.Cli.Setup;

/// <summary>
/// Extracts native libraries from the packages that carry them. A library larger than the maximum size of a package comes in
/// parts: a package whose name ends in <c>-primary</c> has the first part in place of the whole, and the SHA-256 of the whole in
/// a file <c>.sha</c> beside it; those that end in <c>-fragment1</c>, <c>-fragment2</c> and so on have the others (TorchSharp,
/// https://github.com/dotnet/TorchSharp, pkg/FileRestitcher).
/// </summary>
/// <param name="folder">Folder into which the libraries are extracted.</param>
/// <param name="platform">Runtime identifier, such as "linux-x64".</param>
internal sealed class NativeFiles(string folder, string platform)
{
    private const string HashExtension = ".sha";
    private const string PartMark = ".fragment";

    /// <summary>
    /// Extracts the native libraries of one package. <see cref="Join"/> joins the parts of libraries once all packages are
    /// extracted.
    /// </summary>
    public async Task Take(PackageArchiveReader package, CancellationToken cancel)
    {
        foreach (string name in await package.GetFilesAsync(cancel))
        {
            // Only plain files of two folders are taken, so that no name in a package can lead to a write outside this folder.
            string[] parts = name.Split('/', '\\');
            if (parts is not ["runtimes" or "fragments", var target, "native", { Length: > 0 } file]
                || target != platform
                || file is "." or "..")
                continue;

            await using Stream content = await package.GetStreamAsync(name, cancel);
            await using FileStream output = File.Create(Path.Combine(folder, file));
            await content.CopyToAsync(output, cancel);
        }
    }

    /// <summary>Joins libraries that came in parts, and checks their hashes.</summary>
    /// <exception cref="DemException">DEM1026 (PackageDamaged): a part is missing, or the whole has another hash.</exception>
    public async Task Join(CancellationToken cancel)
    {
        foreach (string part in Directory.GetFiles(folder, $"*{PartMark}1"))
        {
            string library = part[..^$"{PartMark}1".Length];
            if (!File.Exists(library) || !File.Exists(library + HashExtension))
                throw new DemException(
                    ErrorCode.PackageDamaged,
                    $"{Path.GetFileName(library)}"
                    + " comes in parts, of which the first or the hash of the whole is missing");

            await using (var whole = new FileStream(library, FileMode.Append, FileAccess.Write))
            {
                for (int number = 1; Part(library, number) is var next && File.Exists(next); number++)
                {
                    await using (FileStream content = File.OpenRead(next))
                        await content.CopyToAsync(whole, cancel);
                    File.Delete(next);
                }
            }

            await using FileStream joined = File.OpenRead(library);
            string hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(joined, cancel));
            string published = (await File.ReadAllTextAsync(library + HashExtension, cancel)).Trim();
            if (!string.Equals(hash, published, StringComparison.OrdinalIgnoreCase))
                throw new DemException(
                    ErrorCode.PackageDamaged,
                    $"{Path.GetFileName(library)}"
                    + ", joined from its parts, has the SHA-256 "
                    + $"{hash} instead of {published}");
        }

        if (Directory.GetFiles(folder, $"*{PartMark}*").FirstOrDefault() is { } stray)
            throw new DemException(
                ErrorCode.PackageDamaged,
                $"{Path.GetFileName(stray)} is part of a library of which an earlier part is missing");
        foreach (string hash in Directory.GetFiles(folder, $"*{HashExtension}"))
            File.Delete(hash);
    }

    private static string Part(string library, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{library}{PartMark}{number}");
}
