using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DemEngine.Checkpoints;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Stores;

internal sealed class WebRefusalTests
{
    [TestCase("model-", TestName = "Weights that an index names and a server refuses are an access refused")]
    [TestCase("model", TestName = "Weights and an index that a server refuses beside a config are an access refused")]
    public void Refused(string start)
    {
        using ModelFolder models = WebModelTests.Family();
        using var served = new ServedFolder(models.Path);
        served.Twist = (request, answer, _) =>
            request.Path.Split('/')[^1].StartsWith(start, StringComparison.Ordinal) ? WebAnswer.Of(403) : answer;
        string model = Path.GetFileName(Directory.GetDirectories(models.Path).First(folder =>
            File.Exists(Path.Combine(folder, "model.safetensors.index.json")) && File.Exists(Path.Combine(folder, "config.json"))));
        DemException e = Assert.Throws<DemException>(() => Checkpoint.Open(served.AddressOf(model)).Dispose())!;
        Assert.That(e.Code, Is.EqualTo(ErrorCode.StoreAccessRefused), e.Message);
    }

    [Test]
    [CancelAfter(10_000)]
    public void A_certificate_that_is_not_trusted_is_an_error_that_no_retry_mends()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int connections = 0;
        new Thread(() =>
        {
            while (true)
            {
                try
                {
                    using TcpClient client = listener.AcceptTcpClient();
                    Interlocked.Increment(ref connections);
                    using var tls = new SslStream(client.GetStream());
                    tls.AuthenticateAsServer(certificate);
                    tls.ReadByte();
                }
                catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
                {
                    // The client hangs up.
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
                {
                    return;
                }
            }
        })
        { IsBackground = true }.Start();
        string address = $"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/model";
        DemException e = Assert.Throws<DemException>(() => Checkpoint.Open(address).Dispose())!;
        Assert.Multiple(() =>
        {
            Assert.That(e.Code, Is.EqualTo(ErrorCode.StoreNotTrusted), e.Message);
            Assert.That(e.Code.ExitCode, Is.EqualTo(2));
            Assert.That(e.Message, Does.Contain("certificate"));
        });
    }
}
