using DemEngine.Tests.Checkpoints;

namespace DemEngine.Tests.Faults;

/// <summary>Runs readers on spoilt files, which must give a result or a named error.</summary>
internal static class Mutations
{
    private const int Usual = 400;

    /// <summary>How many files of each kind: few, or as many as the environment variable DEM_MUTATIONS says.</summary>
    public static int Count =>
        int.TryParse(Environment.GetEnvironmentVariable("DEM_MUTATIONS"), out int count) && count > 0 ? count : Usual;

    /// <summary>Reads mutations of a file.</summary>
    /// <param name="seed">Decides which mutations.</param>
    /// <param name="file">Contents of a file that can be read.</param>
    /// <param name="read">Reads contents; may throw only documented errors.</param>
    public static void Run(int seed, byte[] file, Action<byte[]> read)
    {
        read(file);
        var mutation = new HeaderMutation(seed);
        var codes = new SortedDictionary<int, int>();
        for (int k = 0; k < Count; k++)
        {
            byte[] spoilt = mutation.Spoil(file);
            int code = 0;
            try
            {
                read(spoilt);
            }
            catch (DemException e) when (e.Code != ErrorCode.Internal)
            {
                code = e.Code.Number;
                if (e.Message.Length > 20_000)
                    Assert.Fail($"a message of {e.Message.Length} characters: {e.Message[..200]}");
            }
            catch (Exception e)
            {
                Assert.Fail($"{e}\n{Convert.ToBase64String(spoilt)}\n{System.Text.Encoding.Latin1.GetString(spoilt)}");
            }

            codes[code] = codes.GetValueOrDefault(code) + 1;
        }

        TestContext.Out.WriteLine($"{Count} files: {string.Join(", ", codes.Select(pair => $"{(pair.Key == 0 ? "read" : $"DEM{pair.Key}")} {pair.Value}"))}");
        Assert.That(codes.Keys, Has.Some.GreaterThan(0), "else nothing was spoilt");
    }
}
