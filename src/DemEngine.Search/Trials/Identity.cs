using System.IO.Hashing;
using System.Text;

namespace DemEngine.Search.Trials;

/// <summary>A readable name, and a hash of everything about the named thing that affects a trial's result.</summary>
/// <param name="Name">Name as tables show it.</param>
/// <param name="Hash">Hash as 32 hexadecimal digits.</param>
public sealed record Identity(string Name, string Hash)
{
    /// <summary>Makes an identity from texts, hashed by XXH3-128.</summary>
    /// <param name="name">Readable name, which is not hashed.</param>
    /// <param name="parts">Texts to hash; the boundaries between them affect the hash.</param>
    public static Identity Of(string name, params IEnumerable<string> parts)
    {
        var hash = new XxHash128();
        foreach (string part in parts)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(part);
            hash.Append(BitConverter.GetBytes(bytes.Length));
            hash.Append(bytes);
        }

        return new Identity(name, Convert.ToHexStringLower(hash.GetCurrentHash()));
    }
}
